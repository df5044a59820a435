"""The stage's screen: a person decides which thread of an app moves next, forwards and backwards."""
