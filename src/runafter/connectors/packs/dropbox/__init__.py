"""Dropbox and its likes."""
