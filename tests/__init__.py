"""Tests of gage and gage_nb, one file a module."""
