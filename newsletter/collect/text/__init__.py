"""Read small pieces of outside text: encodings, dates, names, languages and addresses."""
