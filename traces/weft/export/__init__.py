"""Traces for other tools: Perfetto, spreadsheets, data frames. Everything streams: memory stays flat."""
