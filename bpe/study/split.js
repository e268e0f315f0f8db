// ---- Why was a piece cut where it was? The alternative of the pattern that made it, in words. ----

// At the end of a word; an apostrophe that begins the piece is the character before the letters.
const CONTRACTION = /(?<=.)'(?:[sſdmt]|ll|ve|re)$/isu;
const TAIL = /[\r\n][\r\n/]*$/;

// What the pattern takes a character for. A mark counts as a letter for o200k_base alone.
function kindOf(outline) {
  if (/[\p{Lu}\p{Lt}]/u.test(outline)) return "capital";
  if (/\p{L}/u.test(outline)) return "letter";
  if (/\p{M}/u.test(outline)) return "mark";
  if (/\p{N}/u.test(outline)) return "digit";
  if (/[\r\n]/.test(outline)) return "lineBreak";
  return /\s/.test(outline) ? "space" : "sign";
}

// What a piece is made of, as keys of the words in language.js.
function madeOf(piece, next) {
  const { alternative, outline, special } = piece;
  if (special !== undefined) return ["specialToken"];
  const kind = alternative.kind;
  const first = kindOf(outline[0]);
  const before = outline[0] === " " ? "spaceAnd" : "signAnd";
  if (kind === "letters") return /\p{L}/u.test(outline[0]) ? ["letters"] : [before, "letters"];
  if (kind === "word" || kind === "capitals") {
    const suffix = CONTRACTION.test(outline) ? ["withContraction"] : [];
    const isInside = ["capital", "letter", "mark"].includes(first);
    const body =
      kind === "capitals" ? "capitals" : /[\p{Lu}\p{Lt}]/u.test(outline) ? "capitalsFirst" : /\p{M}/u.test(outline) ? "lettersAndMarks" : "letters";
    return [...(isInside ? [] : [before]), body, ...suffix];
  }
  if (kind === "digits") return outline[0] === " " ? ["spaceAnd", "digits"] : ["digits"];
  if (kind === "signs") {
    const tail = TAIL.exec(outline)?.[0];
    const after = !tail ? [] : tail.includes("/") ? ["breaksAndSlashes"] : ["breaksAfter"];
    const body = /\p{M}/u.test(outline) ? "signsAndMarks" : "signs";
    return [...(outline[0] === " " ? ["spaceAnd"] : []), body, ...after];
  }
  if (kind !== "spaces" && kind !== "end") return [kind];
  if (!next) return ["end"];
  if (next.special !== undefined) return ["spacesBeforeSpecial"];
  return [next.nChars > 1 ? "spacesBeforeWord" : "spacesButLast"];
}

// Why a piece that could have gone on ends; nothing to say of white space and contractions.
function whyItEnds(piece, next) {
  if (piece.special !== undefined || ["contraction", "end", "lineBreaks", "spaces", "space"].includes(piece.alternative.kind)) return "";
  if (!next) return "atTheEnd";
  if (next.special !== undefined) return "beforeSpecial";
  const kind = piece.alternative.kind;
  const follows = kindOf(next.outline[0]);
  const isWord = kind === "word" || kind === "capitals";
  if (isWord && CONTRACTION.test(piece.outline)) return "afterContraction";
  if (isWord && follows === "capital") return "newWord";
  if (kind === "threeDigits" && follows === "digit") return "threeAreMost";
  if (kind === "signs" && TAIL.test(piece.outline)) return "afterBreaks";
  if (kind === "letters" && follows === "mark") return "beforeMarkThatIsNoLetter";
  return { capital: "beforeLetter", letter: "beforeLetter", mark: "beforeMark", digit: "beforeDigit", lineBreak: "beforeBreak", space: "beforeSpace", sign: "beforeSign" }[follows];
}
