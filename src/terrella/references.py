"""BibTeX of the papers behind the methods, by the name of the method."""

REFERENCES: dict[str, str] = {
    "completeness": """@article{WiemerWyss2000,
  author = {Wiemer, Stefan and Wyss, Max},
  title = {Minimum Magnitude of Completeness in Earthquake Catalogs: Examples from Alaska,
    the Western United States, and Japan},
  journal = {Bulletin of the Seismological Society of America},
  year = {2000}, volume = {90}, pages = {859--869}, doi = {10.1785/0119990114}
}
@article{CaoGao2002,
  author = {Cao, Aimin and Gao, Stephen S.},
  title = {Temporal variation of seismic b-values beneath northeastern {J}apan island arc},
  journal = {Geophysical Research Letters},
  year = {2002}, volume = {29}, doi = {10.1029/2001GL013775}
}
@article{WoessnerWiemer2005,
  author = {Woessner, Jochen and Wiemer, Stefan},
  title = {Assessing the Quality of Earthquake Catalogues: Estimating the Magnitude of Completeness
    and Its Uncertainty},
  journal = {Bulletin of the Seismological Society of America},
  year = {2005}, volume = {95}, pages = {684--698}, doi = {10.1785/0120040007}
}""",
    "ETAS": """@article{Ogata1998,
  author = {Ogata, Yosihiko},
  title = {Space-time point-process models for earthquake occurrences},
  journal = {Annals of the Institute of Statistical Mathematics},
  year = {1998}, volume = {50}, pages = {379--402}, doi = {10.1023/A:1003403601725}
}
@article{HelmstetterSornette2002,
  author = {Helmstetter, Agn{\\`e}s and Sornette, Didier},
  title = {Subcritical and supercritical regimes in epidemic models of earthquake aftershocks},
  journal = {Journal of Geophysical Research: Solid Earth},
  year = {2002}, volume = {107}, pages = {2237}, doi = {10.1029/2001JB001580}
}
@article{Mizrahi2021,
  author = {Mizrahi, Leila and Nandan, Shyam and Wiemer, Stefan},
  title = {The Effect of Declustering on the Size Distribution of Mainshocks},
  journal = {Seismological Research Letters},
  year = {2021}, volume = {92}, pages = {2333--2342}, doi = {10.1785/0220200231}
}""",
    "smoothed background": """@article{Zhuang2002,
  author = {Zhuang, Jiancang and Ogata, Yosihiko and Vere-Jones, David},
  title = {Stochastic Declustering of Space-Time Earthquake Occurrences},
  journal = {Journal of the American Statistical Association},
  year = {2002}, volume = {97}, pages = {369--380}, doi = {10.1198/016214502760046925}
}""",
    "climatology": """@article{Frankel1995,
  author = {Frankel, Arthur},
  title = {Mapping Seismic Hazard in the Central and Eastern {U}nited {S}tates},
  journal = {Seismological Research Letters},
  year = {1995}, volume = {66}, pages = {8--21}, doi = {10.1785/gssrl.66.4.8}
}
@article{Helmstetter2007,
  author = {Helmstetter, Agn{\\`e}s and Kagan, Yan Y. and Jackson, David D.},
  title = {High-resolution Time-independent Grid-based Forecast for {$M \\ge 5$} Earthquakes in {C}alifornia},
  journal = {Seismological Research Letters},
  year = {2007}, volume = {78}, pages = {78--86}, doi = {10.1785/gssrl.78.1.78}
}""",
    "Reasenberg–Jones": """@article{ReasenbergJones1989,
  author = {Reasenberg, Paul A. and Jones, Lucile M.},
  title = {Earthquake Hazard After a Mainshock in {C}alifornia},
  journal = {Science},
  year = {1989}, volume = {243}, pages = {1173--1176}, doi = {10.1126/science.243.4895.1173}
}""",
    "network": """@article{Zlydenko2023,
  author = {Zlydenko, Oleg and Elidan, Gal and Hassidim, Avinatan and Kukliansky, Doron and Matias, Yossi
    and Meade, Brendan and Molchanov, Alexandra and Nevo, Sella and Bar-Sinai, Yohai},
  title = {A neural encoder for earthquake rate forecasting},
  journal = {Scientific Reports},
  year = {2023}, volume = {13}, pages = {12350}, doi = {10.1038/s41598-023-38033-9}
}
@article{HorvitzThompson1952,
  author = {Horvitz, Daniel G. and Thompson, Donovan J.},
  title = {A Generalization of Sampling Without Replacement from a Finite Universe},
  journal = {Journal of the American Statistical Association},
  year = {1952}, volume = {47}, pages = {663--685}, doi = {10.1080/01621459.1952.10483446}
}""",
    "counts": """@article{Kagan2010,
  author = {Kagan, Yan Y.},
  title = {Statistical distributions of earthquake numbers: consequence of branching process},
  journal = {Geophysical Journal International},
  year = {2010}, volume = {180}, pages = {1313--1328}, doi = {10.1111/j.1365-246X.2009.04487.x}
}""",
    "scores": """@article{Brier1950,
  author = {Brier, Glenn W.},
  title = {Verification of Forecasts Expressed in Terms of Probability},
  journal = {Monthly Weather Review},
  year = {1950}, volume = {78}, pages = {1--3}
}
@article{Murphy1973,
  author = {Murphy, Allan H.},
  title = {A New Vector Partition of the Probability Score},
  journal = {Journal of Applied Meteorology},
  year = {1973}, volume = {12}, pages = {595--600}
}
@article{Stephenson2008,
  author = {Stephenson, David B. and Coelho, Caio A. S. and Jolliffe, Ian T.},
  title = {Two Extra Components in the {B}rier Score Decomposition},
  journal = {Weather and Forecasting},
  year = {2008}, volume = {23}, pages = {752--757}, doi = {10.1175/2007WAF2006116.1}
}
@article{Rhoades2011,
  author = {Rhoades, David A. and Schorlemmer, Danijel and Gerstenberger, Matthew C.
    and Christophersen, Annemarie and Zechar, J. Douglas and Imoto, Masajiro},
  title = {Efficient testing of earthquake forecasting models},
  journal = {Acta Geophysica},
  year = {2011}, volume = {59}, pages = {728--747}, doi = {10.2478/s11600-011-0013-5}
}
@article{Kuensch1989,
  author = {K{\\"u}nsch, Hans R.},
  title = {The Jackknife and the Bootstrap for General Stationary Observations},
  journal = {The Annals of Statistics},
  year = {1989}, volume = {17}, pages = {1217--1241}, doi = {10.1214/aos/1176347265}
}""",
}
