// ---- What does the page say? Each text in English and in Korean. ----

// "|" stands between one and many; Korean needs no such difference.
const WORDS = {
  title: ["How text becomes tokens", "텍스트가 토큰이 되는 과정"],
  intro: [
    "Type a text and watch it being encoded by the real merge table, here in the page. The address keeps what you see.",
    "텍스트를 입력하고, 실제 병합 표로 인코딩되는 과정을 이 페이지 안에서 지켜보세요. 지금 보는 화면은 주소에 저장됩니다.",
  ],
  otherLanguage: ["한국어", "English"],
  text: ["Text", "텍스트"],
  presets: ["Texts to try", "예시 텍스트"],
  presetFirst: ["Mixed", "섞어서"],
  presetKorean: ["Korean", "한국어"],
  presetContractions: ["Contractions", "축약형"],
  presetNumbers: ["Numbers", "숫자"],
  presetEmoji: ["Emoji", "이모지"],
  presetSpaces: ["White space", "공백"],
  presetLineEnds: ["Line ends (CRLF)", "줄 끝(CRLF)"],
  presetCode: ["Code", "코드"],
  presetSpecial: ["Special token", "특수 토큰"],
  special: ["Read {name} as a special token", "{name}: 특수 토큰으로 읽기"],
  specialOn: [
    "On: it is found before the pattern cuts and becomes one id (allowed_special=\"all\").",
    "켜짐: 패턴으로 나누기 전에 먼저 찾아서 id 하나로 바꿉니다(allowed_special=\"all\").",
  ],
  specialOff: [
    "Off: it is text like any other (encode_ordinary).",
    "꺼짐: 다른 글자와 똑같은 일반 텍스트로 다룹니다(encode_ordinary).",
  ],
  limit: [
    "Only the first {shown} of {n} characters are encoded here.",
    "전체 {n}자 가운데 앞의 {shown}자만 인코딩합니다.",
  ],
  encoding: ["Encoding", "인코딩"],
  token: ["{n} token|{n} tokens", "토큰 {n}개"],
  character: ["{n} character|{n} characters", "문자 {n}개"],
  byte: ["{n} byte|{n} bytes", "{n}바이트"],
  bytesEach: ["{n} bytes a token", "토큰당 {n}바이트"],
  strip: ["Pieces and their tokens; arrow keys move", "조각과 토큰. 화살표 키로 옮겨 다닙니다"],
  stripHelp: [
    "Each box is a piece, each colour a token. Choose a piece to watch its merges. A character above a bracket is made of several tokens.",
    "상자 하나가 조각, 색 하나가 토큰입니다. 조각을 고르면 병합 과정을 볼 수 있습니다. 괄호 위의 글자는 토큰 여러 개로 이루어져 있습니다.",
  ],
  morePieces: ["… and {n} more piece|… and {n} more pieces", "… 그 밖에 조각 {n}개"],
  ids: ["Ids", "id"],
  pieceNumber: ["Piece {i} of {n}", "조각 {i} / {n}"],
  pieceHelp: [
    "A piece is what the pattern cuts the text into; no merge crosses its ends.",
    "조각은 패턴이 텍스트를 나눈 단위입니다. 병합은 조각의 경계를 넘지 않습니다.",
  ],
  cut: ["Cut here because it is", "이렇게 나눈 까닭:"],
  mergeHelp: [
    "A merge makes one token of two neighbours. It starts from single bytes.",
    "병합은 이웃한 둘을 토큰 하나로 합치는 일입니다. 낱개의 바이트에서 시작합니다.",
  ],
  rankHelp: [
    "Pairs that could merge, by rank. The rank is the id of the token that a pair would make, read as an order: the lowest merges first.",
    "병합할 수 있는 쌍과 순위. 순위는 쌍이 합쳐져서 될 토큰의 id를 순서로 읽은 것이며, 가장 낮은 순위가 먼저 병합됩니다.",
  ],
  candidates: ["Pairs that could merge, by rank", "병합할 수 있는 쌍, 순위대로"],
  onePart: ["One token is left.", "토큰 하나만 남았습니다."],
  noPair: ["No neighbours make a token: merging ends.", "토큰이 되는 이웃이 없어서 병합이 끝났습니다."],
  onlyPair: ["The only pair that makes a token.", "토큰이 되는 쌍은 이것뿐입니다."],
  lowest: ["The lowest rank of {n}.", "쌍 {n}개 가운데 순위가 가장 낮습니다."],
  leftmost: [
    "The lowest rank of {n}, and the leftmost of {nEqual} with it.",
    "쌍 {n}개 가운데 순위가 가장 낮고, 순위가 같은 {nEqual}개 가운데 가장 왼쪽입니다.",
  ],
  tooLong: [
    "The steps of a piece of more than {n} bytes are not shown.",
    "{n}바이트보다 긴 조각의 단계는 보여 주지 않습니다.",
  ],
  wholeOther: [
    "The piece is a token and is taken whole: its merges would end in other tokens.",
    "조각 전체가 토큰이라서 그대로 씁니다. 병합했다면 다른 토큰이 되었을 것입니다.",
  ],
  wholeSame: [
    "The piece is a token and is taken whole; merging gives the same.",
    "조각 전체가 토큰이라서 그대로 씁니다. 병합해도 결과는 같습니다.",
  ],
  specialPiece: ["A special token is not merged: its id is looked up.", "특수 토큰은 병합하지 않고 id를 바로 찾습니다."],
  tree: ["Merge tree: bytes at the bottom, tokens above", "병합 트리: 맨 아래가 바이트, 위가 토큰"],
  scroll: ["The tree is wider than this box: scroll it ↔", "트리가 상자보다 넓습니다. 옆으로 밀어서 보세요 ↔"],
  headToken: ["token", "토큰"],
  headId: ["id", "id"],
  headBytes: ["bytes", "바이트"],
  titleOfToken: ["id {id}, bytes {bytes}", "id {id}, 바이트 {bytes}"],
  // The player.
  player: ["Merges, step by step", "병합 단계"],
  toStart: ["To step 0", "처음 단계로"],
  back: ["One step back", "한 단계 뒤로"],
  forward: ["One step on", "한 단계 앞으로"],
  play: ["Play", "재생"],
  pause: ["Pause", "멈춤"],
  range: ["Merge step", "병합 단계"],
  stepOf: ["step {i} of {n}", "{i} / {n}단계"],
  speed: ["Speed", "속도"],
  slow: ["slow", "느리게"],
  normal: ["normal", "보통"],
  fast: ["fast", "빠르게"],
  keys: [
    "Keys: ← and → step, Space plays and pauses, N and P go to the next and the previous piece.",
    "키: ← →는 한 단계씩, 스페이스는 재생과 멈춤, N과 P는 다음 조각과 이전 조각.",
  ],
  // What a piece is made of (split.js). The parts are put together.
  spaceAnd: ["a space and ", "빈칸 하나와 "],
  signAnd: ["one other character and ", "다른 문자 하나와 "],
  letters: ["letters", "글자"],
  lettersAndMarks: ["letters and marks", "글자와 결합 부호"],
  capitals: ["capital letters", "대문자"],
  capitalsFirst: ["letters, no capital after a small one", "글자(소문자 뒤에 대문자가 오지 않음)"],
  withContraction: [", with a contraction at the end", ", 그리고 끝의 축약형"],
  digits: ["digits", "숫자"],
  threeDigits: ["up to three digits", "숫자 최대 세 개"],
  signs: ["signs: neither letters, digits nor white space", "기호(글자도 숫자도 공백도 아닌 문자)"],
  signsAndMarks: ["signs and marks: neither letters, digits nor white space", "기호와 결합 부호(글자도 숫자도 공백도 아닌 문자)"],
  breaksAfter: [", and the line breaks after them", ", 그리고 뒤따르는 줄바꿈"],
  breaksAndSlashes: [", and the line breaks and slashes after them", ", 그리고 뒤따르는 줄바꿈과 빗금"],
  contraction: ["a contraction", "축약형"],
  end: ["white space at the end of the text", "텍스트 끝의 공백"],
  spacesBeforeSpecial: ["white space before a special token", "특수 토큰 앞의 공백"],
  lineBreaks: ["white space up to its last line break", "마지막 줄바꿈까지의 공백"],
  spacesBeforeWord: [
    "white space, without its last character, which is left to what follows",
    "공백. 마지막 하나는 뒤에 오는 말에 남겨 둡니다",
  ],
  spacesButLast: ["white space, without its last character, which stands alone", "공백. 마지막 하나는 따로 한 조각이 됩니다"],
  space: ["one white-space character, which what follows does not take along", "뒤에 오는 말이 가져가지 않는 공백 하나"],
  // What a special token is.
  specialToken: ["a special token, found before the pattern cuts", "패턴으로 나누기 전에 먼저 찾은 특수 토큰"],
  // Why a piece ends.
  atTheEnd: ["The text ends after it.", "여기서 텍스트가 끝납니다."],
  beforeSpecial: ["A special token follows.", "뒤에 특수 토큰이 옵니다."],
  afterContraction: ["After the contraction a new piece begins.", "축약형 다음은 새 조각입니다."],
  newWord: ["A capital follows, which begins a new word.", "뒤에 대문자가 와서 새 단어가 시작됩니다."],
  threeAreMost: ["More digits follow, but three are the most.", "뒤에 숫자가 더 있지만 세 개까지만 묶습니다."],
  afterBreaks: ["After its line breaks a new piece begins.", "줄바꿈 다음은 새 조각입니다."],
  beforeMarkThatIsNoLetter: [
    "A mark follows, which is not a letter to this pattern.",
    "뒤에 결합 부호가 오는데, 이 패턴은 그것을 글자로 보지 않습니다.",
  ],
  beforeLetter: ["A letter follows.", "뒤에 글자가 옵니다."],
  beforeMark: ["A mark follows.", "뒤에 결합 부호가 옵니다."],
  beforeDigit: ["A digit follows.", "뒤에 숫자가 옵니다."],
  beforeBreak: ["A line break follows.", "뒤에 줄바꿈이 옵니다."],
  beforeSpace: ["White space follows.", "뒤에 공백이 옵니다."],
  beforeSign: ["A sign follows.", "뒤에 기호가 옵니다."],
  // The comparison.
  compare: ["What the same text costs in other languages", "같은 글도 언어에 따라 토큰 수가 다릅니다"],
  compareHelp: [
    "Article 1 of the Universal Declaration of Human Rights in {n} languages. The bars are tokens; × says how many times as many as in English by the same encoding. Choose a language to see its tokens above.",
    "세계 인권 선언 제1조를 {n}개 언어로 비교합니다. 막대는 토큰 수이고, ×는 같은 인코딩에서 영어의 몇 배인지를 뜻합니다. 언어를 고르면 위에서 토큰을 볼 수 있습니다.",
  ],
  recorded: ["counted beforehand: this page does not hold its tokens", "미리 센 값: 이 페이지에는 이 인코딩의 토큰이 없습니다"],
  timesEnglish: ["{n}×", "{n}×"],
  allLanguages: ["Show all {n} languages", "{n}개 언어 모두 보기"],
  fewLanguages: ["Show fewer languages", "언어 줄여 보기"],
  tooOld: [
    "This browser cannot show the page ({error}). A version of 2024 or later can.",
    "이 브라우저에서는 페이지를 볼 수 없습니다({error}). 2024년 이후 버전이 필요합니다.",
  ],
};

function say(key, values = {}) {
  const forms = WORDS[key][LANG === "ko" ? 1 : 0].split("|");
  const form = forms[values.n === 1 ? 0 : forms.length - 1];
  return form.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

const grouped = (number) => number.toLocaleString(LANG);

// Texts stand in the page as keys: data-say is what an element says, data-label its name for a screen reader.
function translate(root) {
  for (const element of [root, ...root.querySelectorAll("[data-say], [data-label]")]) {
    const { say: words, label } = element.dataset;
    if (words) element.textContent = say(words);
    if (label) element.setAttribute("aria-label", say(label));
  }
}
