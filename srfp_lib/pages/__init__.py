"""What the book is made of: chapters as jobs, their tables and figures on the page, and the book itself."""
