"""What runs inside the process of the app that is played: eyes on its code, hands on its threads. Standard library
only, apart from `web`."""
