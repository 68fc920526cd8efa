"""Readers and writers of the formats that seismologists already use."""
