"""BibTeX of the papers behind magnitudes and distances from one station, by the name of the method."""

STATIONS: dict[str, str] = {
    "local magnitude": """@article{Richter1935,
  author = {Richter, Charles F.},
  title = {An Instrumental Earthquake Magnitude Scale},
  journal = {Bulletin of the Seismological Society of America},
  year = {1935}, volume = {25}, pages = {1--32}
}
@article{HuttonBoore1987,
  author = {Hutton, L. K. and Boore, David M.},
  title = {The {$M_L$} scale in {S}outhern {C}alifornia},
  journal = {Bulletin of the Seismological Society of America},
  year = {1987}, volume = {77}, pages = {2074--2094}
}""",
    "crossed bootstrap": """@article{Owen2007,
  author = {Owen, Art B.},
  title = {The pigeonhole bootstrap},
  journal = {Annals of Applied Statistics},
  year = {2007}, volume = {1}, pages = {386--411}, doi = {10.1214/07-AOAS122}
}""",
    "stochastic method": """@article{Boore2003,
  author = {Boore, David M.},
  title = {Simulation of Ground Motion Using the Stochastic Method},
  journal = {Pure and Applied Geophysics},
  year = {2003}, volume = {160}, pages = {635--676}, doi = {10.1007/PL00012553}
}""",
}
