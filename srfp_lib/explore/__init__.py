"""The data of the book's interactive figures: from a finished study to small scripts and the still pictures that stand in for them."""
