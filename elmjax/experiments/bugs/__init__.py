"""The paper's bug-fixing study (section 3.1, appendix A): 4-Parity and Quadratic.

`task` holds the functions and their bugs, `node_mutation` the operator of genetic programming and
`language` those of language models, `judge` decides in the jail what is repaired, `study` measures.
"""
