"""BibTeX of the papers behind text mining, by the name of the method."""

TEXTS: dict[str, str] = {
    "CRF": """@inproceedings{Lafferty2001,
  author = {Lafferty, John and McCallum, Andrew and Pereira, Fernando},
  title = {Conditional Random Fields: Probabilistic Models for Segmenting and Labeling Sequence Data},
  booktitle = {Proceedings of the 18th International Conference on Machine Learning},
  year = {2001}, pages = {282--289}
}
@misc{Okazaki2007,
  author = {Okazaki, Naoaki},
  title = {{CRF}suite: a fast implementation of Conditional Random Fields},
  year = {2007}
}""",
    "BiLSTM-CRF": """@inproceedings{Lample2016,
  author = {Lample, Guillaume and Ballesteros, Miguel and Subramanian, Sandeep and Kawakami, Kazuya
    and Dyer, Chris},
  title = {Neural Architectures for Named Entity Recognition},
  booktitle = {Proceedings of NAACL-HLT},
  year = {2016}, pages = {260--270}, doi = {10.18653/v1/N16-1030}
}
@inproceedings{MaHovy2016,
  author = {Ma, Xuezhe and Hovy, Eduard},
  title = {End-to-end Sequence Labeling via Bi-directional {LSTM-CNNs-CRF}},
  booktitle = {Proceedings of the 54th Annual Meeting of the Association for Computational Linguistics},
  year = {2016}, pages = {1064--1074}, doi = {10.18653/v1/P16-1101}
}""",
    "C-value": """@article{Frantzi2000,
  author = {Frantzi, Katerina and Ananiadou, Sophia and Mima, Hideki},
  title = {Automatic recognition of multi-word terms: the {C-value/NC-value} method},
  journal = {International Journal on Digital Libraries},
  year = {2000}, volume = {3}, pages = {115--130}, doi = {10.1007/s007999900023}
}""",
    "LexRank": """@article{ErkanRadev2004,
  author = {Erkan, G{\\"u}ne{\\c{s}} and Radev, Dragomir R.},
  title = {{LexRank}: Graph-based Lexical Centrality as Salience in Text Summarization},
  journal = {Journal of Artificial Intelligence Research},
  year = {2004}, volume = {22}, pages = {457--479}, doi = {10.1613/jair.1523}
}""",
    "attention over texts": """@inproceedings{Yang2016,
  author = {Yang, Zichao and Yang, Diyi and Dyer, Chris and He, Xiaodong and Smola, Alex and Hovy, Eduard},
  title = {Hierarchical Attention Networks for Document Classification},
  booktitle = {Proceedings of NAACL-HLT},
  year = {2016}, pages = {1480--1489}, doi = {10.18653/v1/N16-1174}
}""",
    "encoder's features": """@inproceedings{Devlin2019,
  author = {Devlin, Jacob and Chang, Ming-Wei and Lee, Kenton and Toutanova, Kristina},
  title = {{BERT}: Pre-training of Deep Bidirectional Transformers for Language Understanding},
  booktitle = {Proceedings of NAACL-HLT},
  year = {2019}, pages = {4171--4186}, doi = {10.18653/v1/N19-1423}
}""",
}
