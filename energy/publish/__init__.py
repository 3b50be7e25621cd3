"""What a reader gets: atlas, layers, styles, pictures, summary."""
