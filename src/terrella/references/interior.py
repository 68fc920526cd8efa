"""BibTeX of the papers behind the Earth's interior, by the name of the method."""

INTERIOR: dict[str, str] = {
    "mantle minerals": """@article{StixrudeLithgowBertelloni2005,
  author = {Stixrude, Lars and Lithgow-Bertelloni, Carolina},
  title = {Thermodynamics of mantle minerals -- {I}. Physical properties},
  journal = {Geophysical Journal International},
  year = {2005}, volume = {162}, pages = {610--632}, doi = {10.1111/j.1365-246X.2005.02642.x}
}
@article{StixrudeLithgowBertelloni2011,
  author = {Stixrude, Lars and Lithgow-Bertelloni, Carolina},
  title = {Thermodynamics of mantle minerals -- {II}. Phase equilibria},
  journal = {Geophysical Journal International},
  year = {2011}, volume = {184}, pages = {1180--1213}, doi = {10.1111/j.1365-246X.2010.04890.x}
}""",
    "mineral-physics tables": """@article{Connolly2009,
  author = {Connolly, James A. D.},
  title = {The geodynamic equation of state: What and how},
  journal = {Geochemistry, Geophysics, Geosystems},
  year = {2009}, volume = {10}, pages = {Q10014}, doi = {10.1029/2009GC002540}
}""",
    "reference Earth": """@article{DziewonskiAnderson1981,
  author = {Dziewonski, Adam M. and Anderson, Don L.},
  title = {Preliminary reference {E}arth model},
  journal = {Physics of the Earth and Planetary Interiors},
  year = {1981}, volume = {25}, pages = {297--356}, doi = {10.1016/0031-9201(81)90046-7}
}
@article{PanningRomanowicz2006,
  author = {Panning, Mark and Romanowicz, Barbara},
  title = {A three-dimensional radially anisotropic model of shear velocity in the whole mantle},
  journal = {Geophysical Journal International},
  year = {2006}, volume = {167}, pages = {361--379}, doi = {10.1111/j.1365-246X.2006.03100.x}
}""",
    "network of coordinates": """@inproceedings{Tancik2020,
  author = {Tancik, Matthew and Srinivasan, Pratul P. and Mildenhall, Ben and Fridovich-Keil, Sara and
    Raghavan, Nithin and Singhal, Utkarsh and Ramamoorthi, Ravi and Barron, Jonathan T. and Ng, Ren},
  title = {Fourier Features Let Networks Learn High Frequency Functions in Low Dimensional Domains},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2020}, volume = {33}
}""",
    "table inversion": """@book{Tarantola2005,
  author = {Tarantola, Albert},
  title = {Inverse Problem Theory and Methods for Model Parameter Estimation},
  publisher = {Society for Industrial and Applied Mathematics},
  year = {2005}, doi = {10.1137/1.9780898717921}
}""",
    "distributional conformal prediction": """@article{Chernozhukov2021,
  author = {Chernozhukov, Victor and W{\\"u}thrich, Kaspar and Zhu, Yinchu},
  title = {Distributional conformal prediction},
  journal = {Proceedings of the National Academy of Sciences},
  year = {2021}, volume = {118}, pages = {e2107794118}, doi = {10.1073/pnas.2107794118}
}""",
    "geotherms": """@article{BrownShankland1981,
  author = {Brown, J. Michael and Shankland, Thomas J.},
  title = {Thermodynamic parameters in the {E}arth as determined from seismic profiles},
  journal = {Geophysical Journal International},
  year = {1981}, volume = {66}, pages = {579--596}, doi = {10.1111/j.1365-246X.1981.tb04891.x}
}
@article{Stacey1977,
  author = {Stacey, Frank D.},
  title = {A thermal model of the {E}arth},
  journal = {Physics of the Earth and Planetary Interiors},
  year = {1977}, volume = {15}, pages = {341--348}, doi = {10.1016/0031-9201(77)90096-6}
}
@article{Anzellini2013,
  author = {Anzellini, Simone and Dewaele, Agn{\\`e}s and Mezouar, Mohamed and Loubeyre, Paul and
    Morard, Guillaume},
  title = {Melting of Iron at {E}arth's Inner Core Boundary Based on Fast X-ray Diffraction},
  journal = {Science},
  year = {2013}, volume = {340}, pages = {464--466}, doi = {10.1126/science.1233514}
}""",
}
