"""The commands of ``gearspec``, a module each."""
