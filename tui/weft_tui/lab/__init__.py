"""The lab on the screen and on paper: a lesson beside what was recorded of it, and docs/lab.md."""
