"""The quality of the data: figures that should agree or continue, counted rows, and footnotes for readers."""
