"""Which model uses which encoding? tiktoken's table, under its names and with its errors.

https://github.com/openai/tiktoken/blob/0.14.0/tiktoken/model.py
"""

from bpelab.bpe.foundation.nearest import did_you_mean

_MODELS_OF = {
    "gpt2": "gpt2 gpt-2",
    "r50k_base": """
        text-davinci-001 text-curie-001 text-babbage-001 text-ada-001 davinci curie babbage ada
        text-similarity-davinci-001 text-similarity-curie-001 text-similarity-babbage-001
        text-similarity-ada-001 text-search-davinci-doc-001 text-search-curie-doc-001
        text-search-babbage-doc-001 text-search-ada-doc-001 code-search-babbage-code-001
        code-search-ada-code-001""",
    "p50k_base": """
        text-davinci-003 text-davinci-002 code-davinci-002 code-davinci-001 code-cushman-002
        code-cushman-001 davinci-codex cushman-codex""",
    "p50k_edit": "text-davinci-edit-001 code-davinci-edit-001",
    "cl100k_base": """
        gpt-4 gpt-3.5-turbo gpt-3.5 gpt-35-turbo davinci-002 babbage-002
        text-embedding-ada-002 text-embedding-3-small text-embedding-3-large""",
    "o200k_base": "o1 o3 o4-mini gpt-5 gpt-4.1 gpt-4o",
}
MODEL_TO_ENCODING = {model: name for name, models in _MODELS_OF.items() for model in models.split()}

# The first prefix that fits counts, so "ft:gpt-4o" comes before "ft:gpt-4".
MODEL_PREFIX_TO_ENCODING = {
    **dict.fromkeys(["o1-", "o3-", "o4-mini-", "gpt-5", "gpt-4.5-", "gpt-4.1-"], "o200k_base"),
    **dict.fromkeys(["chatgpt-4o-", "gpt-4o-"], "o200k_base"),
    **dict.fromkeys(["gpt-4-", "gpt-3.5-turbo-", "gpt-35-turbo-"], "cl100k_base"),
    "gpt-oss-": "o200k_harmony",
    "ft:gpt-4o": "o200k_base",
    **dict.fromkeys(["ft:gpt-4", "ft:gpt-3.5-turbo", "ft:davinci-002", "ft:babbage-002"], "cl100k_base"),
}


def encoding_name_for_model(model_name: str) -> str:
    """Return the name of the encoding that a model uses; `KeyError` for an unknown model.

    A name that begins like a known model's counts as known, so that new versions need no update.

    >>> encoding_name_for_model("gpt-4"), encoding_name_for_model("gpt-4o-2024-05-13")
    ('cl100k_base', 'o200k_base')
    """
    if model_name in MODEL_TO_ENCODING:
        return MODEL_TO_ENCODING[model_name]
    for prefix, name in MODEL_PREFIX_TO_ENCODING.items():
        if model_name.startswith(prefix):
            return name
    raise KeyError(
        f"no encoding is known for the model {model_name!r}{did_you_mean(model_name, MODEL_TO_ENCODING)};"
        " pass the encoding's own name to get_encoding instead"
    )
