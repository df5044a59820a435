"""Bytes and blocks of a trace file: format, writer (standard library only), reader and tail."""
