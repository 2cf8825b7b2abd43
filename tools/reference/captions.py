"""Captions cut into tokens as the caption evaluation does (docs/benchmark.md 3.5)."""
import functools
import re

PUNCTUATION = "'' ' `` ` -LRB- -RRB- -LCB- -RCB- . ? ! , : - -- ... ;".split()
# Words that the tokenizer cuts, or that keep a full stop as abbreviations and are three letters or
# longer.
SPECIAL = set("""cannot gonna gotta lemme gimme wanna adj adm adv ala alex apr ariz ark assn assoc asst atty attys aug ave bancorp bhd bldg
    blvd brig bros calif capt cie cmdr col colo comdr conn corp cos cpl dak dec del dept det drs elec ens esq est etc ext feb fla fri gen gov
    govs hon ill inc ind insp intl invt jan jos jul jun kan kans lieut ltd maj mar mass messrs mfg mich minn miss mlle mme mon mont mrs msgr
    mtg natl neb nev nov oct okla ore penn pfc plc ppte ppty pres prof profs pte ptes pty ptys pvt rep reps rev sen sens sep sept seq sfc sgt
    spc ste supt supts sys tel tenn tex thu thurs treas tue tues univ wash wed wis wisc wyo""".split())


@functools.lru_cache(maxsize=100_000)
def caption_tokens(caption: str) -> tuple[str, ...]:
    """What the PTB tokenizer leaves. Plain words and a full stop are split here, which is the same;
    else it is asked itself (java)."""
    line = " ".join(caption.split())
    words = line.lower().removesuffix(".").split()
    if re.fullmatch(r"[A-Za-z]+( [A-Za-z]+)*( ?\.)?", line) and not SPECIAL & set(words) and len(words[-1]) > 2:
        return tuple(words)
    from fixtures import ptb
    printed = ptb.tokenized(line)[0]
    return tuple(word for token in printed.split(" ") if token not in PUNCTUATION for word in token.split())
