"""BibTeX of the papers behind refined and filled surfaces, by the name of the method."""

SURFACES: dict[str, str] = {
    "histospline": """@article{BonevaKendallStefanov1971,
  author = {Boneva, Liliana I. and Kendall, David and Stefanov, Ivan},
  title = {Spline Transformations: Three New Diagnostic Aids for the Statistical Data-Analyst},
  journal = {Journal of the Royal Statistical Society, Series B},
  year = {1971}, volume = {33}, pages = {1--71}
}""",
    "thin plate": """@incollection{Duchon1977,
  author = {Duchon, Jean},
  title = {Splines minimizing rotation-invariant semi-norms in {S}obolev spaces},
  booktitle = {Constructive Theory of Functions of Several Variables},
  year = {1977}, pages = {85--100}, doi = {10.1007/BFb0086566}
}""",
    "diffusion": """@inproceedings{Karras2022,
  author = {Karras, Tero and Aittala, Miika and Aila, Timo and Laine, Samuli},
  title = {Elucidating the Design Space of Diffusion-Based Generative Models},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2022}, volume = {35}
}
@article{Mardani2025,
  author = {Mardani, Morteza and Brenowitz, Noah and Cohen, Yair and Pathak, Jaideep and others},
  title = {Residual corrective diffusion modeling for km-scale atmospheric downscaling},
  journal = {Communications Earth \\& Environment},
  year = {2025}, volume = {6}, pages = {124}
}""",
    "kriging": """@article{Matheron1963,
  author = {Matheron, Georges},
  title = {Principles of geostatistics},
  journal = {Economic Geology},
  year = {1963}, volume = {58}, pages = {1246--1266}, doi = {10.2113/gsecongeo.58.8.1246}
}""",
    "conditional simulation": """@article{Journel1974,
  author = {Journel, Andr{\\'e} G.},
  title = {Geostatistics for Conditional Simulation of Ore Bodies},
  journal = {Economic Geology},
  year = {1974}, volume = {69}, pages = {673--687}, doi = {10.2113/gsecongeo.69.5.673}
}
@article{Theiler1992,
  author = {Theiler, James and Eubank, Stephen and Longtin, Andr{\\'e} and Galdrikian, Bryan and Farmer, J. Doyne},
  title = {Testing for nonlinearity in time series: the method of surrogate data},
  journal = {Physica D},
  year = {1992}, volume = {58}, pages = {77--94}, doi = {10.1016/0167-2789(92)90102-S}
}""",
}
