"""Language models that several papers train, sample or read: the decoder, its trainer, generation, Hugging Face."""
