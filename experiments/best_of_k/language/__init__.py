"""Does a language model show what best-of-k predicts? Small ones trained in the run, or the user's own.

| file | answers |
| --- | --- |
| part.py | what is drawn, which curves are made of the errors, and is the claim right? |
| trained_models.py | which small decoders generate and judge, and how are they trained? |
| pretrained_models.py | what do models and questions of the user need, and how are they asked? |
| judged_table.py | what do answers say that were sampled and judged elsewhere? |
| answers.py | how often is the selected answer wrong, at every k and every temperature? |
| counted_work.py | how much work are models, answers and selections, from settings alone? |
| judged_errors.py | what did one judge's selection come to? |
"""
