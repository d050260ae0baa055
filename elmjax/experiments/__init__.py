"""The paper's experiments, with its published numbers beside ours.

`results` is what all of them share: rows that are measured once and kept. An experiment is a
package of its own: `bugs` (section 3.1).
"""
