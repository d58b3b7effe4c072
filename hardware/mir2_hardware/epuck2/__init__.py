"""The e-puck2 by Wi-Fi: packets, driver and emulator."""
