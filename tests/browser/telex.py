"""What Vietnamese keyboards between a scanner and the page make of its keys: Telex and VNI.

As UniKey and its like do it: a key that changes what stands there already is sent as Backspaces and the new letters. Written
from the rules of both methods; words are runs of letters (VNI: and digits), and the tone goes to the last vowel.
"""

import unicodedata

TONES = {"s": "\u0301", "f": "\u0300", "r": "\u0309", "x": "\u0303", "j": "\u0323"}
VNI_TONES = dict(zip("12345", TONES.values()))
VOWELS = set("aeiouyAEIOUY")
TELEX = {"aa": "â", "ee": "ê", "oo": "ô", "dd": "đ", "aw": "ă", "ow": "ơ", "uw": "ư"}
VNI = {"a6": "â", "e6": "ê", "o6": "ô", "d9": "đ", "a8": "ă", "o7": "ơ", "u7": "ư"}


def plain(letter):
    return unicodedata.normalize("NFD", letter)[0]


def transform(word, key, table, tones):
    """The word after this key, if the method changes it."""
    if key.lower() in tones:
        for at in reversed(range(len(word))):
            if plain(word[at]) in VOWELS:
                letter = unicodedata.normalize("NFC", word[at] + tones[key.lower()])
                return word[:at] + letter + word[at + 1 :] if len(letter) == 1 else None
    for at in reversed(range(len(word))):
        made = table.get((word[at] + key).lower())
        if made:
            return word[:at] + (made.upper() if word[at].isupper() else made) + word[at + 1 :]
    return None


def keys(text, method):
    """The keys that reach the page for the keys that the scanner presses."""
    table, tones = (TELEX, TONES) if method == "telex" else (VNI, VNI_TONES)
    out, word = [], ""
    for key in text:
        changed = transform(word, key, table, tones)
        if changed is not None:
            same = next((at for at, pair in enumerate(zip(word, changed)) if pair[0] != pair[1]), len(changed))
            out += ["Backspace"] * (len(word) - same) + list(changed[same:])
            word = changed
        else:
            out.append(key)
            word = word + key if key.isalpha() else ""
    return out
