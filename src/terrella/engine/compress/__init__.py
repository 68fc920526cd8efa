"""The same answer for less: smaller and faster forms of a trained network, each judged as the network was."""
