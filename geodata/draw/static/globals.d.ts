// What the scripts find on the page: Leaflet, each other, and what folium's templates ask for.
declare const L: any;
interface Window {
  GeoDraw: any;
  jQuery: any;
  $: any;
}
