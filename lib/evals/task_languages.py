"""The languages a task is in, read off its name and folder: lm-eval states them nowhere.

Only what a rule names is said; everything else is unknown, English included: many folders without a language in their name
mix several.
"""

from __future__ import annotations

import re

ENGLISH = frozenset(
    [
        "agieval",
        "aime",
        "anli",
        "arc",
        "arithmetic",
        "asdiv",
        "babi",
        "babilong",
        "bbh",
        "bbq",
        "blimp",
        "c4",
        "cnn_dailymail",
        "code_x_glue",
        "commonsense_qa",
        "coqa",
        "cruxeval",
        "drop",
        "fda",
        "fld",
        "glianorex",
        "glue",
        "gpqa",
        "gsm8k",
        "gsm8k_platinum",
        "gsm_plus",
        "hellaswag",
        "hendrycks_ethics",
        "hendrycks_math",
        "humaneval",
        "humaneval_infilling",
        "ifeval",
        "inverse_scaling",
        "lambada",
        "lambada_cloze",
        "leaderboard",
        "legalbench",
        "lm_syneval",
        "logiqa",
        "logiqa2",
        "longbench2",
        "mathqa",
        "mbpp",
        "mc_taco",
        "med_concepts_qa",
        "meddialog",
        "mediqa_qa2019",
        "medmcqa",
        "medqa",
        "metabench",
        "minerva_math",
        "mmlu",
        "mmlu-pro-plus",
        "mmlu-redux",
        "mmlu_pro",
        "mmlusr",
        "model_written_evals",
        "moral_stories",
        "mutual",
        "nq_open",
        "openbookqa",
        "paloma",
        "physics_gre",
        "piqa",
        "prost",
        "pubmedqa",
        "qasper",
        "race",
        "realtoxicityprompts",
        "ruler",
        "sciq",
        "scrolls",
        "siqa",
        "squad_completion",
        "squadv2",
        "storycloze",
        "super_glue",
        "swag",
        "swde",
        "tinyBenchmarks",
        "toxigen",
        "triviaqa",
        "truthfulqa",
        "unscramble",
        "webqs",
        "wikitext",
        "winogender",
        "winogrande",
        "wmdp",
        "wsc273",
    ]
)
OF_FOLDER = {
    "aclue": "zh", "aexams": "ar", "alghafa": "ar", "arab_culture": "ar", "arab_culture_completion": "ar",
    "arabic_leaderboard_complete": "ar", "arabic_leaderboard_light": "ar", "arabicmmlu": "ar", "aradice": "ar",
    "bangla": "bn", "basqueglue": "eu", "blimp_nl": "nl", "cabbq": "ca", "ceval": "zh", "click": "ko", "cmmlu": "zh", "copal_id": "id",
    "csatqa": "ko", "darija_bench": "ary", "darijahellaswag": "ary", "darijammlu": "ary", "egyhellaswag": "arz", "egymmlu": "arz",
    "esbbq": "es", "eus_proficiency": "eu", "eus_reading": "eu", "eus_trivia": "eu", "evalita_llm": "it", "french_bench": "fr",
    "greekmmlu": "el", "haerae": "ko", "histoires_morales": "fr", "icelandic_winogrande": "is", "japanese_leaderboard": "ja", "jfinqa": "ja",
    "kbl": "ko", "kmmlu": "ko", "kobest": "ko", "kormedmcqa": "ko", "libra": "ru", "mmlu-redux-spanish": "es", "nerel-bench": "ru",
    "noreval": "no", "noticia": "es", "polemo2": "pl", "tmlu": "zh", "tmmluplus": "zh", "turblimp": "tr", "turkishmmlu": "tr",
    "zhoblimp": "zh", "arc_mt": "",
}  # fmt: skip
NAMES = {
    "ar": "Arabic", "ary": "Moroccan Arabic", "arz": "Egyptian Arabic", "bg": "Bulgarian", "bn": "Bengali", "ca": "Catalan", "cs": "Czech",
    "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "et": "Estonian", "eu": "Basque", "fa": "Persian",
    "fi": "Finnish", "fr": "French", "gl": "Galician", "gu": "Gujarati", "ha": "Hausa", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "ht": "Haitian",
    "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian", "ig": "Igbo", "is": "Icelandic", "it": "Italian", "ja": "Japanese", "ka": "Georgian",
    "kn": "Kannada", "ko": "Korean", "ky": "Kyrgyz", "lt": "Lithuanian", "mg": "Malagasy", "mk": "Macedonian", "ml": "Malayalam",
    "mr": "Marathi", "ms": "Malay", "my": "Burmese", "ne": "Nepali", "nl": "Dutch", "no": "Norwegian", "ny": "Nyanja", "pl": "Polish", "pt": "Portuguese",
    "qu": "Quechua", "ro": "Romanian", "ru": "Russian", "si": "Sinhala", "sk": "Slovak", "sl": "Slovenian", "sn": "Shona", "so": "Somali", "sq": "Albanian",
    "sr": "Serbian", "sv": "Swedish", "sw": "Swahili", "ta": "Tamil", "te": "Telugu", "th": "Thai", "tl": "Tagalog", "tr": "Turkish",
    "uk": "Ukrainian", "ur": "Urdu", "uz": "Uzbek", "vi": "Vietnamese", "wo": "Wolof", "xh": "Xhosa", "yo": "Yoruba", "zh": "Chinese",
    "zu": "Zulu", "am": "Amharic", "af": "Afrikaans", "rw": "Kinyarwanda", "ln": "Lingala", "st": "Sotho", "om": "Oromo", "tw": "Twi",
    "lg": "Ganda", "ee": "Ewe", "tn": "Tswana", "ti": "Tigrinya",
}  # fmt: skip
"""Two-letter codes (ISO 639-1; Moroccan and Egyptian Arabic by 639-3) and what to call them."""
THREE = {
    "amh": "am", "arb": "ar", "ara": "ar", "ben": "bn", "bul": "bg", "cat": "ca", "ces": "cs", "dan": "da", "deu": "de", "ell": "el", "eng": "en",
    "est": "et", "eus": "eu", "fin": "fi", "fra": "fr", "glg": "gl", "guj": "gu", "hau": "ha", "hat": "ht", "heb": "he", "hin": "hi", "hrv": "hr",
    "hun": "hu", "hye": "hy", "ibo": "ig", "ind": "id", "isl": "is", "ita": "it", "jpn": "ja", "kan": "kn", "kat": "ka", "kor": "ko",
    "lit": "lt", "mal": "ml", "mar": "mr", "mkd": "mk", "mya": "my", "nld": "nl", "nob": "no", "pes": "fa", "fas": "fa", "pol": "pl", "por": "pt",
    "ron": "ro", "rus": "ru", "sin": "si", "slk": "sk", "slv": "sl", "sna": "sn", "som": "so", "spa": "es", "srp": "sr", "swe": "sv", "swa": "sw",
    "swh": "sw", "tam": "ta", "tel": "te", "tgl": "tl", "tha": "th", "tur": "tr", "ukr": "uk", "urd": "ur", "uzn": "uz", "vie": "vi", "wol": "wo",
    "xho": "xh", "yor": "yo", "zho": "zh", "zul": "zu", "als": "sq", "arz": "arz", "ary": "ary", "afr": "af", "npi": "ne",
    "kin": "rw", "lin": "ln", "sot": "st", "orm": "om", "twi": "tw", "lug": "lg", "ewe": "ee", "tsn": "tn", "tir": "ti", "nb": "no", "jp": "ja",
}  # fmt: skip
CODED = frozenset(
    [
        "afrimgsm",
        "afrimmlu",
        "afrixnli",
        "afrobench",
        "arc_mt",
        "belebele",
        "global_mmlu",
        "global_piqa",
        "lambada_multilingual",
        "lambada_multilingual_stablelm",
        "mela",
        "mgsm",
        "mlqa",
        "mmlu_prox",
        "multiblimp",
        "okapi",
        "openai-mmmlu",
        "paws-x",
        "pisa",
        "portuguese_bench",
        "truthfulqa-multi",
        "tydiqa",
        "xcopa",
        "xnli",
        "xquad",
        "xstorycloze",
        "xwinograd",
        "headqa",
        "basque_bench",
        "catalan_bench",
        "galician_bench",
        "spanish_bench",
        "eus_exams",
        "indicxnli",
        "llama3",
        "bertaqa",
        "translation",
        "wmt2016",
        "careqa",
    ]
)
"""Folders whose names carry codes of languages."""
SPELT = {name.casefold(): code for code, name in NAMES.items()}
WITH_SPELT = frozenset(("include", "bhs", "crows_pairs", "indicparam", "toksuite", "common_voice"))
_WORDS = re.compile(r"[_\-]+")


def languages_of(name: str, folder: str) -> tuple[str, ...]:
    """Codes of the languages of a task, sorted; empty where no rule tells.

    Args:
        name: Of the task.
        folder: The first part of its path below lm_eval/tasks.
    """
    # "eus" begins the name of a set of exams in two languages.
    words = _WORDS.split(name.casefold().removeprefix("eus_exams_"))
    if folder in CODED:
        found = {THREE.get(word, word) for word in words}
        return tuple(sorted(found & NAMES.keys()))
    if folder in WITH_SPELT:
        return tuple(sorted({SPELT[word] for word in words if word in SPELT}))
    if folder in ENGLISH:
        return ("en",)
    code = OF_FOLDER.get(folder, "")
    return (code,) if code else ()
