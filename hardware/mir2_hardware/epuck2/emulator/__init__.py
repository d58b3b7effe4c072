"""Robots that are not there: the e-puck2's Wi-Fi protocol, spoken by bodies in a simulated world."""
