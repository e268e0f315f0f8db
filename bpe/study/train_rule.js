// Which merges does a text ask for? The trainer's rule, in a browser: the most frequent pair of neighbours
// becomes a token; of equally frequent pairs that with the smallest left id, then the smallest right id.

const MAX_TRAINED_CHARS = 5000;
const N_LEADERS = 8;
const N_BYTES = 256;
const NEVER = 2 ** 30; // the number of no merge
const NO_TOKEN = -1; // before, between and after the pieces
const KEY = 2 ** 16; // a pair is left * KEY + right; ids stay far below

// The single bytes by id. GPT-2 first numbers those that print as themselves in Latin-1.
function bytesInOrder(name) {
  const bytes = Array.from({ length: N_BYTES }, (_, byte) => byte);
  if (name === "raw") return bytes;
  const prints = (byte) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  return [...bytes.filter(prints), ...bytes.filter((byte) => !prints(byte))];
}

// The pieces of a text, given as an array of code points.
function cutPieces(chars, pattern, classes) {
  return Array.from(outlineOf(chars, classes).matchAll(pattern), (m) => chars.slice(m.index, m.index + m[0].length).join(""));
}

// Each different piece once, in the order in which they are met, with its count.
function countPieces(pieces) {
  const numbers = new Map();
  const counts = [];
  const order = pieces.map((piece) => {
    if (!numbers.has(piece)) numbers.set(piece, counts.push(0) - 1);
    counts[numbers.get(piece)] += 1;
    return numbers.get(piece);
  });
  return { pieces: Array.from(numbers.keys(), (piece) => byteString(utf8.encode(piece))), counts, order };
}

// The different pieces as ids, the counts of their pairs, and when each boundary between two bytes went.
class Corpus {
  constructor(pieces, counts, idOfByte) {
    const text = pieces.map((piece) => piece + "\0").join("");
    this.length = 1; // slots in use: one in front, then a token or a gap each
    this.ids = new Int32Array(text.length + 1).fill(NO_TOKEN);
    this.starts = new Int32Array(text.length + 1); // where a slot's first byte is in `text`
    this.weights = new Int32Array(text.length); // of each byte: how often its piece occurs
    this.mergedAt = new Int32Array(text.length).fill(NEVER); // for the boundary before each byte
    this.pairCounts = new Map();
    this.nTokens = 0;
    pieces.forEach((piece, number) => this.add(piece, counts[number], idOfByte));
  }

  add(piece, weight, idOfByte) {
    const first = this.length;
    for (let i = 0; i < piece.length; i++, this.length++) {
      this.ids[this.length] = idOfByte[piece.charCodeAt(i)];
      this.starts[this.length] = this.length - 1;
      this.weights[this.length - 1] = weight;
      this.count(this.ids[this.length - 1], this.ids[this.length], weight);
    }
    this.nTokens += weight * (this.length - first);
    this.length += 1; // the gap after the piece
  }

  count(left, right, weight) {
    if (left === NO_TOKEN || right === NO_TOKEN) return;
    const key = left * KEY + right;
    const count = (this.pairCounts.get(key) ?? 0) + weight;
    if (count) this.pairCounts.set(key, count);
    else this.pairCounts.delete(key);
  }

  // Put `token` wherever left and right are neighbours, from the left, and return at how many places.
  merge(left, right, token, number) {
    const { ids, starts, weights } = this;
    let kept = 0;
    let nPlaces = 0;
    for (let i = 0; i < this.length; i++, kept++) {
      const isPair = ids[i] === left && i + 1 < this.length && ids[i + 1] === right;
      ids[kept] = ids[i];
      starts[kept] = starts[i];
      if (!isPair) continue;
      const weight = weights[starts[i]];
      const before = kept ? ids[kept - 1] : NO_TOKEN;
      const after = i + 2 < this.length ? ids[i + 2] : NO_TOKEN;
      this.count(left, right, -weight);
      this.count(before, left, -weight);
      this.count(right, after, -weight);
      this.count(before, token, weight);
      this.count(token, after, weight);
      ids[kept] = token;
      this.mergedAt[starts[i + 1]] = number;
      nPlaces += weight;
      i += 1;
    }
    this.length = kept;
    this.nTokens -= nPlaces;
    return nPlaces;
  }
}

const winsOver = (one, other) => one.count - other.count || other.key - one.key;

// The pairs that would win next, the first of them first.
function leadingPairs(pairCounts) {
  const leaders = [];
  for (const [key, count] of pairCounts) {
    const pair = { key, count, left: Math.floor(key / KEY), right: key % KEY };
    if (leaders.length === N_LEADERS && winsOver(pair, leaders[N_LEADERS - 1]) < 0) continue;
    let at = leaders.length;
    while (at && winsOver(pair, leaders[at - 1]) > 0) at -= 1;
    leaders.splice(at, 0, pair);
    leaders.length = Math.min(leaders.length, N_LEADERS);
  }
  return leaders;
}

// What the counts say before a merge: who leads, how many lead equally, of how many pairs.
function lookAt(corpus) {
  const leaders = leadingPairs(corpus.pairCounts);
  let nEqual = 0;
  for (const count of corpus.pairCounts.values()) nEqual += count === leaders[0].count;
  return { leaders, nEqual, nPairs: corpus.pairCounts.size, nTokens: corpus.nTokens };
}

// Learn up to `maxMerges` merges from the pieces of a text. `moments[k]` is what is seen after k merges.
function learnMerges(textPieces, byteOrderName, maxMerges) {
  const { pieces, counts, order } = countPieces(textPieces);
  const tokens = bytesInOrder(byteOrderName).map((byte) => String.fromCharCode(byte));
  const idOfByte = [];
  tokens.forEach((byte, id) => (idOfByte[byte.charCodeAt(0)] = id));
  const corpus = new Corpus(pieces, counts, idOfByte);
  const moments = [lookAt(corpus)];
  while (moments.length <= maxMerges && moments.at(-1).leaders.length) {
    const moment = moments.at(-1);
    const { left, right } = moment.leaders[0];
    tokens.push(tokens[left] + tokens[right]);
    moment.nPlaces = corpus.merge(left, right, tokens.length - 1, moments.length);
    moments.push(lookAt(corpus));
  }
  return new Learned(pieces, counts, order, tokens, moments, corpus.mergedAt);
}

// What was learned, and how the text stood after each merge.
class Learned {
  constructor(pieces, counts, order, tokens, moments, mergedAt) {
    Object.assign(this, { pieces, counts, order, tokens, moments, mergedAt });
    this.nMerges = moments.length - 1;
    this.nBytes = order.reduce((total, number) => total + pieces[number].length, 0);
    this.idOf = new Map(tokens.map((token, id) => [token, id])); // no two merges make the same bytes
    this.firstByte = []; // of each piece, in `mergedAt`
    pieces.reduce((at, piece) => (this.firstByte.push(at), at + piece.length + 1), 0);
  }

  // The tokens of a piece after some merges: which are new, and which the next merge joins. Those of a long
  // piece, up to a byte.
  tokensAt(number, nMerges, end = Infinity) {
    const piece = this.pieces[number];
    const mergedAt = (i) => this.mergedAt[this.firstByte[number] + i];
    const tokens = [];
    let start = 0;
    let isNew = false;
    for (let i = 1; i <= piece.length && start < end; i++) {
      if (i < piece.length && mergedAt(i) <= nMerges) {
        isNew ||= mergedAt(i) === nMerges;
        continue;
      }
      const joinsNext = i < piece.length && mergedAt(i) === nMerges + 1;
      const token = piece.slice(start, i);
      tokens.push({ token, id: this.idOf.get(token), start, isNew, joinsNext });
      start = i;
      isNew = false;
    }
    return tokens;
  }

  // Any piece, merged with what the first merges made.
  encodePiece(piece, nMerges) {
    const known = (id) => (id < N_BYTES + nMerges ? id : undefined);
    return mergePiece(byteString(utf8.encode(piece)), { get: (token) => known(this.idOf.get(token)) });
  }
}
