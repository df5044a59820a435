"""Lessons: one claim about Flask and threads per module, with the app that puts it to the test (`weft_demos.lab`)."""
