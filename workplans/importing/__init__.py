"""Spreadsheets in: read, judged row by row, and written in one transaction or not at all."""
