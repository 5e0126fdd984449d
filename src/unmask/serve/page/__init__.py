"""The page of the service: one screen for people who open no terminal."""
