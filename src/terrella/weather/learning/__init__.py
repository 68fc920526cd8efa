"""How the network learns: losses, roll-outs, stages."""
