"""BibTeX of the papers behind explanations, by the name of the method."""

EXPLAINING: dict[str, str] = {
    "integrated gradients": """@inproceedings{Sundararajan2017,
  author = {Sundararajan, Mukund and Taly, Ankur and Yan, Qiqi},
  title = {Axiomatic Attribution for Deep Networks},
  booktitle = {Proceedings of the 34th International Conference on Machine Learning},
  year = {2017}, pages = {3319--3328}
}
@misc{Kokhlikyan2020,
  author = {Kokhlikyan, Narine and Miglani, Vivek and Martin, Miguel and others},
  title = {Captum: A unified and generic model interpretability library for {PyTorch}},
  year = {2020}, eprint = {2009.07896}, archiveprefix = {arXiv}
}""",
    "sanity checks": """@inproceedings{Adebayo2018,
  author = {Adebayo, Julius and Gilmer, Justin and Muelly, Michael and Goodfellow, Ian and Hardt, Moritz
    and Kim, Been},
  title = {Sanity Checks for Saliency Maps},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2018}, volume = {31}
}
@inproceedings{Petsiuk2018,
  author = {Petsiuk, Vitali and Das, Abir and Saenko, Kate},
  title = {{RISE}: Randomized Input Sampling for Explanation of Black-box Models},
  booktitle = {British Machine Vision Conference},
  year = {2018}
}""",
    "occlusion": """@inproceedings{ZeilerFergus2014,
  author = {Zeiler, Matthew D. and Fergus, Rob},
  title = {Visualizing and Understanding Convolutional Networks},
  booktitle = {European Conference on Computer Vision},
  year = {2014}, pages = {818--833}, doi = {10.1007/978-3-319-10590-1_53}
}""",
    "KernelSHAP": """@inproceedings{LundbergLee2017,
  author = {Lundberg, Scott M. and Lee, Su-In},
  title = {A Unified Approach to Interpreting Model Predictions},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2017}, volume = {30}
}""",
    "LIME": """@inproceedings{Ribeiro2016,
  author = {Ribeiro, Marco Tulio and Singh, Sameer and Guestrin, Carlos},
  title = {{``Why Should I Trust You?''}: Explaining the Predictions of Any Classifier},
  booktitle = {Proceedings of the 22nd ACM SIGKDD International Conference on Knowledge Discovery and Data Mining},
  year = {2016}, pages = {1135--1144}, doi = {10.1145/2939672.2939778}
}""",
    "gradient ascent": """@misc{Simonyan2014,
  author = {Simonyan, Karen and Vedaldi, Andrea and Zisserman, Andrew},
  title = {Deep Inside Convolutional Networks: Visualising Image Classification Models and Saliency Maps},
  year = {2014}, eprint = {1312.6034}, archiveprefix = {arXiv}
}""",
}
