"""Behind a number: the documents it rests on, and the steps that made it."""
