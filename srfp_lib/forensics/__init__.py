"""What images give away of networks that nobody has seen, in pairs, and after a delivery: functions of arrays."""
