"""BibTeX of the papers behind the models and how they are judged, by the name of the method."""

MODELS: dict[str, str] = {
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
}
@article{Molchan1990,
  author = {Molchan, George M.},
  title = {Strategies in strong earthquake prediction},
  journal = {Physics of the Earth and Planetary Interiors},
  year = {1990}, volume = {61}, pages = {84--98}, doi = {10.1016/0031-9201(90)90097-H}
}
@article{ZecharJordan2008,
  author = {Zechar, J. Douglas and Jordan, Thomas H.},
  title = {Testing alarm-based earthquake predictions},
  journal = {Geophysical Journal International},
  year = {2008}, volume = {172}, pages = {715--724}, doi = {10.1111/j.1365-246X.2007.03676.x}
}
@article{Savran2022,
  author = {Savran, William H. and Bayona, Jos{\\'e} A. and Iturrieta, Pablo and Asim, Khawaja M. and Bao, Han
    and Bayliss, Kirsty and Herrmann, Marcus and Schorlemmer, Danijel and Maechling, Philip J. and Werner,
    Maximilian J.},
  title = {py{CSEP}: A {P}ython Toolkit for Earthquake Forecast Developers},
  journal = {Seismological Research Letters},
  year = {2022}, volume = {93}, pages = {2858--2870}, doi = {10.1785/0220220033}
}""",
    "sequences": """@article{GardnerKnopoff1974,
  author = {Gardner, J. K. and Knopoff, Leon},
  title = {Is the sequence of earthquakes in {S}outhern {C}alifornia, with aftershocks removed, {P}oissonian?},
  journal = {Bulletin of the Seismological Society of America},
  year = {1974}, volume = {64}, pages = {1363--1367}
}""",
    "picking": """@article{Muenchmeyer2022,
  author = {M{\\"u}nchmeyer, Jannes and Woollam, Jack and Rietbrock, Andreas and Tilmann, Frederik
    and Lange, Dietrich and Bornstein, Thomas and Diehl, Tobias and Giunchi, Carlo and Haslinger, Florian
    and Jozinovi{\\'c}, Dario and Michelini, Alberto and Saul, Joachim and Soto, Hugo},
  title = {Which Picker Fits My Data? {A} Quantitative Evaluation of Deep Learning Based Seismic Pickers},
  journal = {Journal of Geophysical Research: Solid Earth},
  year = {2022}, volume = {127}, pages = {e2021JB023499}, doi = {10.1029/2021JB023499}
}""",
    "PhaseNet": """@article{ZhuBeroza2019,
  author = {Zhu, Weiqiang and Beroza, Gregory C.},
  title = {{PhaseNet}: a deep-neural-network-based seismic arrival-time picking method},
  journal = {Geophysical Journal International},
  year = {2019}, volume = {216}, pages = {261--273}, doi = {10.1093/gji/ggy423}
}""",
    "EQTransformer": """@article{Mousavi2020,
  author = {Mousavi, S. Mostafa and Ellsworth, William L. and Zhu, Weiqiang and Chuang, Lindsay Y.
    and Beroza, Gregory C.},
  title = {Earthquake transformer: an attentive deep-learning model for simultaneous earthquake detection
    and phase picking},
  journal = {Nature Communications},
  year = {2020}, volume = {11}, pages = {3952}, doi = {10.1038/s41467-020-17591-w}
}""",
    "GPD": """@article{Ross2018,
  author = {Ross, Zachary E. and Meier, Men-Andrin and Hauksson, Egill and Heaton, Thomas H.},
  title = {Generalized Seismic Phase Detection with Deep Learning},
  journal = {Bulletin of the Seismological Society of America},
  year = {2018}, volume = {108}, pages = {2894--2901}, doi = {10.1785/0120180080}
}""",
    "CRED": """@article{Mousavi2019,
  author = {Mousavi, S. Mostafa and Zhu, Weiqiang and Sheng, Yixiao and Beroza, Gregory C.},
  title = {{CRED}: A Deep Residual Network of Convolutional and Recurrent Units for Earthquake Signal Detection},
  journal = {Scientific Reports},
  year = {2019}, volume = {9}, pages = {10267}, doi = {10.1038/s41598-019-45748-1}
}""",
    "DPP": """@article{SotoSchurr2021,
  author = {Soto, Hugo and Schurr, Bernd},
  title = {{DeepPhasePick}: a method for detecting and picking seismic phases from local earthquakes based on
    highly optimized convolutional and recurrent deep neural networks},
  journal = {Geophysical Journal International},
  year = {2021}, volume = {227}, pages = {1268--1294}, doi = {10.1093/gji/ggab266}
}""",
    "BasicPhaseAE": """@article{Woollam2019,
  author = {Woollam, Jack and Rietbrock, Andreas and Bueno, Angel and De Angelis, Silvio},
  title = {Convolutional Neural Network for Seismic Phase Classification, Performance Demonstration over a Local
    Seismic Network},
  journal = {Seismological Research Letters},
  year = {2019}, volume = {90}, pages = {491--502}, doi = {10.1785/0220180312}
}""",
    "Baer–Kradolfer": """@article{BaerKradolfer1987,
  author = {Baer, Manfred and Kradolfer, Urs},
  title = {An automatic phase picker for local and teleseismic events},
  journal = {Bulletin of the Seismological Society of America},
  year = {1987}, volume = {77}, pages = {1437--1445}
}""",
    "AIC": """@article{Maeda1985,
  author = {Maeda, Naoki},
  title = {A Method for Reading and Checking Phase Time in Auto-Processing System of Seismic Wave Data},
  journal = {Zisin (Journal of the Seismological Society of Japan)},
  year = {1985}, volume = {38}, pages = {365--379}, doi = {10.4294/zisin1948.38.3_365}
}""",
    "STA/LTA": """@article{Allen1978,
  author = {Allen, Rex V.},
  title = {Automatic earthquake recognition and timing from single traces},
  journal = {Bulletin of the Seismological Society of America},
  year = {1978}, volume = {68}, pages = {1521--1532}
}""",
    "synthetic seismograms": """@article{Kennett1995,
  author = {Kennett, Brian L. N. and Engdahl, E. Robert and Buland, Raymond},
  title = {Constraints on seismic velocities in the {E}arth from traveltimes},
  journal = {Geophysical Journal International},
  year = {1995}, volume = {122}, pages = {108--124}, doi = {10.1111/j.1365-246X.1995.tb03540.x}
}
@article{Brune1970,
  author = {Brune, James N.},
  title = {Tectonic stress and the spectra of seismic shear waves from earthquakes},
  journal = {Journal of Geophysical Research},
  year = {1970}, volume = {75}, pages = {4997--5009}, doi = {10.1029/JB075i026p04997}
}
@article{AkiChouet1975,
  author = {Aki, Keiiti and Chouet, Bernard},
  title = {Origin of coda waves: Source, attenuation, and scattering effects},
  journal = {Journal of Geophysical Research},
  year = {1975}, volume = {80}, pages = {3322--3342}, doi = {10.1029/JB080i023p03322}
}
@techreport{Peterson1993,
  author = {Peterson, Jon},
  title = {Observations and modeling of seismic background noise},
  institution = {U.S. Geological Survey}, type = {Open-File Report}, number = {93-322},
  year = {1993}
}""",
    "association": """@article{Muenchmeyer2024,
  author = {M{\\"u}nchmeyer, Jannes},
  title = {{PyOcto}: A high-throughput seismic phase associator},
  journal = {Seismica},
  year = {2024}, volume = {3}, doi = {10.26443/seismica.v3i1.1130}
}""",
    "segmentation": """@inproceedings{Ronneberger2015,
  author = {Ronneberger, Olaf and Fischer, Philipp and Brox, Thomas},
  title = {{U-Net}: Convolutional Networks for Biomedical Image Segmentation},
  booktitle = {Medical Image Computing and Computer-Assisted Intervention},
  year = {2015}, pages = {234--241}, doi = {10.1007/978-3-319-24574-4_28}
}
@misc{Birnie2021,
  author = {Birnie, Claire and Jarraya, Haithem and Hansteen, Fredrik},
  title = {An introduction to distributed training of deep neural networks for segmentation tasks with large
    seismic datasets},
  year = {2021}, eprint = {2102.13003}, archiveprefix = {arXiv}
}""",
    "modelled sections": """@book{AkiRichards2002,
  author = {Aki, Keiiti and Richards, Paul G.},
  title = {Quantitative Seismology},
  publisher = {University Science Books}, edition = {2}, year = {2002}
}""",
    "modelled faults": """@article{Wu2019,
  author = {Wu, Xinming and Liang, Luming and Shi, Yunzhi and Fomel, Sergey},
  title = {{FaultSeg3D}: Using synthetic data sets to train an end-to-end convolutional neural network for 3{D}
    seismic fault segmentation},
  journal = {Geophysics},
  year = {2019}, volume = {84}, pages = {IM35--IM45}, doi = {10.1190/geo2018-0646.1}
}""",
    "semblance": """@article{NeidellTaner1971,
  author = {Neidell, N. S. and Taner, M. Turhan},
  title = {Semblance and other coherency measures for multichannel data},
  journal = {Geophysics},
  year = {1971}, volume = {36}, pages = {482--497}, doi = {10.1190/1.1440186}
}""",
    "discontinuity": """@article{Marfurt1998,
  author = {Marfurt, Kurt J. and Kirlin, R. Lynn and Farmer, Steven L. and Bahorich, Michael S.},
  title = {3-{D} seismic attributes using a semblance-based coherency algorithm},
  journal = {Geophysics},
  year = {1998}, volume = {63}, pages = {1150--1165}, doi = {10.1190/1.1444415}
}""",
    "focal loss": """@inproceedings{Lin2017,
  author = {Lin, Tsung-Yi and Goyal, Priya and Girshick, Ross and He, Kaiming and Doll{\\'a}r, Piotr},
  title = {Focal Loss for Dense Object Detection},
  booktitle = {IEEE International Conference on Computer Vision},
  year = {2017}, pages = {2980--2988}, doi = {10.1109/ICCV.2017.324}
}""",
    "mesh network": """@article{Lam2023,
  author = {Lam, Remi and Sanchez-Gonzalez, Alvaro and Willson, Matthew and Wirnsberger, Peter and Fortunato, Meire
    and Alet, Ferran and Ravuri, Suman and Ewalds, Timo and Eaton-Rosen, Zach and Hu, Weihua and Merose, Alexander
    and Hoyer, Stephan and Holland, George and Vinyals, Oriol and Stott, Jacklynn and Pritzel, Alexander
    and Mohamed, Shakir and Battaglia, Peter},
  title = {Learning skillful medium-range global weather forecasting},
  journal = {Science},
  year = {2023}, volume = {382}, pages = {1416--1421}, doi = {10.1126/science.adi2336}
}""",
    "weather scores": """@article{Rasp2024,
  author = {Rasp, Stephan and Hoyer, Stephan and Merose, Alexander and Langmore, Ian and Battaglia, Peter
    and Russell, Tyler and Sanchez-Gonzalez, Alvaro and Yang, Vivian and Carver, Rob and Agrawal, Shreya
    and Chantry, Matthew and Ben Bouallegue, Zied and Dueben, Peter and Bromberg, Carla and Sisk, Jared
    and Barrington, Luke and Bell, Aaron and Sha, Fei},
  title = {{WeatherBench} 2: A Benchmark for the Next Generation of Data-Driven Global Weather Models},
  journal = {Journal of Advances in Modeling Earth Systems},
  year = {2024}, volume = {16}, pages = {e2023MS004019}, doi = {10.1029/2023MS004019}
}""",
    "simulated planet": """@article{HeldSuarez1994,
  author = {Held, Isaac M. and Suarez, Max J.},
  title = {A Proposal for the Intercomparison of the Dynamical Cores of Atmospheric General Circulation Models},
  journal = {Bulletin of the American Meteorological Society},
  year = {1994}, volume = {75}, pages = {1825--1830}
}
@article{Kochkov2024,
  author = {Kochkov, Dmitrii and Yuval, Janni and Langmore, Ian and Norgaard, Peter and Smith, Jamie
    and Mooers, Griffin and Kl{\\"o}wer, Milan and Lottes, James and Rasp, Stephan and D{\\"u}ben, Peter
    and Hatfield, Sam and Battaglia, Peter and Sanchez-Gonzalez, Alvaro and Willson, Matthew
    and Brenner, Michael P. and Hoyer, Stephan},
  title = {Neural general circulation models for weather and climate},
  journal = {Nature},
  year = {2024}, volume = {632}, pages = {1060--1066}, doi = {10.1038/s41586-024-07744-y}
}""",
    "ERA5": """@article{Hersbach2020,
  author = {Hersbach, Hans and Bell, Bill and Berrisford, Paul and Hirahara, Shoji and Hor{\\'a}nyi, Andr{\\'a}s
    and others},
  title = {The {ERA5} global reanalysis},
  journal = {Quarterly Journal of the Royal Meteorological Society},
  year = {2020}, volume = {146}, pages = {1999--2049}, doi = {10.1002/qj.3803}
}""",
    "Dice loss": """@inproceedings{Milletari2016,
  author = {Milletari, Fausto and Navab, Nassir and Ahmadi, Seyed-Ahmad},
  title = {{V-Net}: Fully Convolutional Neural Networks for Volumetric Medical Image Segmentation},
  booktitle = {Fourth International Conference on 3D Vision},
  year = {2016}, pages = {565--571}, doi = {10.1109/3DV.2016.79}
}""",
    "BSSA14": """@article{Boore2014,
  author = {Boore, David M. and Stewart, Jonathan P. and Seyhan, Emel and Atkinson, Gail M.},
  title = {{NGA-West2} Equations for
    Predicting {PGA}, {PGV}, and 5\\% Damped {PSA} for Shallow Crustal Earthquakes},
  journal = {Earthquake Spectra},
  year = {2014}, volume = {30}, pages = {1057--1085}, doi = {10.1193/070113EQS184M}
}""",
    "rupture length": """@article{WellsCoppersmith1994,
  author = {Wells, Donald L. and Coppersmith, Kevin J.},
  title = {New empirical relationships among magnitude, rupture length, rupture width, rupture area, and surface
    displacement},
  journal = {Bulletin of the Seismological Society of America},
  year = {1994}, volume = {84}, pages = {974--1002}
}""",
    "mixed effects": """@article{Henderson1975,
  author = {Henderson, Charles R.},
  title = {Best Linear Unbiased Estimation and Prediction under a Selection Model},
  journal = {Biometrics},
  year = {1975}, volume = {31}, pages = {423--447}, doi = {10.2307/2529430}
}
@article{AbrahamsonYoungs1992,
  author = {Abrahamson, Norman A. and Youngs, Robert R.},
  title = {A stable algorithm for regression analyses using the random effects model},
  journal = {Bulletin of the Seismological Society of America},
  year = {1992}, volume = {82}, pages = {505--510}
}""",
    "LLH": """@article{Scherbaum2009,
  author = {Scherbaum, Frank and Delavaud, Elise and Riggelsen, Carsten},
  title = {Model Selection in Seismic Hazard Analysis: An Information-Theoretic Perspective},
  journal = {Bulletin of the Seismological Society of America},
  year = {2009}, volume = {99}, pages = {3234--3247}, doi = {10.1785/0120080347}
}""",
    "core field prior": """@article{Gillet2013,
  author = {Gillet, Nicolas and Jault, Dominique and Finlay, Christopher C. and Olsen, Nils},
  title = {Stochastic modeling of the {E}arth's magnetic field: Inversion for covariances over the observatory era},
  journal = {Geochemistry, Geophysics, Geosystems},
  year = {2013}, volume = {14}, pages = {766--786}, doi = {10.1002/ggge.20041}
}
@article{Lhuillier2011,
  author = {Lhuillier, Florian and Fournier, Alexandre and Hulot, Gauthier and Aubert, Julien},
  title = {The geomagnetic secular-variation timescale in observations and numerical dynamo models},
  journal = {Geophysical Research Letters},
  year = {2011}, volume = {38}, doi = {10.1029/2011GL047356}
}
@article{LangelEstes1982,
  author = {Langel, Robert A. and Estes, Ronald H.},
  title = {A geomagnetic field spectrum},
  journal = {Geophysical Research Letters},
  year = {1982}, volume = {9}, pages = {250--253}, doi = {10.1029/GL009i004p00250}
}""",
    "Kalman filter": """@article{Kalman1960,
  author = {Kalman, Rudolf E.},
  title = {A New Approach to Linear Filtering and Prediction Problems},
  journal = {Journal of Basic Engineering},
  year = {1960}, volume = {82}, pages = {35--45}, doi = {10.1115/1.3662552}
}""",
    "frozen flux": """@article{RobertsScott1965,
  author = {Roberts, Paul H. and Scott, Stewart},
  title = {On Analysis of the Secular Variation: 1. A Hydromagnetic Constraint: Theory},
  journal = {Journal of Geomagnetism and Geoelectricity},
  year = {1965}, volume = {17}, pages = {137--151}, doi = {10.5636/jgg.17.137}
}
@article{Bullard1950,
  author = {Bullard, Edward C. and Freedman, Cynthia and Gellman, H. and Nixon, Jo},
  title = {The westward drift of the {E}arth's magnetic field},
  journal = {Philosophical Transactions of the Royal Society A},
  year = {1950}, volume = {243}, pages = {67--92}, doi = {10.1098/rsta.1950.0014}
}""",
    "conformal prediction": """@article{Lei2018,
  author = {Lei, Jing and G'Sell, Max and Rinaldo, Alessandro and Tibshirani, Ryan J. and Wasserman, Larry},
  title = {Distribution-Free Predictive Inference for Regression},
  journal = {Journal of the American Statistical Association},
  year = {2018}, volume = {113}, pages = {1094--1111}, doi = {10.1080/01621459.2017.1307116}
}""",
    "CRPS": """@article{GneitingRaftery2007,
  author = {Gneiting, Tilmann and Raftery, Adrian E.},
  title = {Strictly Proper Scoring Rules, Prediction, and Estimation},
  journal = {Journal of the American Statistical Association},
  year = {2007}, volume = {102}, pages = {359--378}, doi = {10.1198/016214506000001437}
}""",
    "main field": """@article{Alken2021,
  author = {Alken, Patrick and Th{\\'e}bault, Erwan and Beggan, Ciar{\\'a}n D. and others},
  title = {International Geomagnetic Reference Field: the thirteenth generation},
  journal = {Earth, Planets and Space},
  year = {2021}, volume = {73}, pages = {49}, doi = {10.1186/s40623-020-01288-x}
}
@article{Lowes1966,
  author = {Lowes, Frank J.},
  title = {Mean-square values on sphere of spherical harmonic vector fields},
  journal = {Journal of Geophysical Research},
  year = {1966}, volume = {71}, pages = {2179}, doi = {10.1029/JZ071i008p02179}
}
@article{MacmillanOlsen2013,
  author = {Macmillan, Susan and Olsen, Nils},
  title = {Observatory data and the {S}warm mission},
  journal = {Earth, Planets and Space},
  year = {2013}, volume = {65}, pages = {1355--1362}, doi = {10.5047/eps.2013.07.011}
}""",
}
