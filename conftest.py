pytest_plugins = ["gearspec.plugin"]
