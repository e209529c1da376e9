"""The search spaces that come with the program, as package data; `sweep.search_space` reads them."""
