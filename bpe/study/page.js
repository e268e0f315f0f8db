// How does text become ids in a browser? The definition once more, by the same table of tokens.
"use strict";

const LANG = (new URLSearchParams(location.search).get("lang") ?? navigator.language).toLowerCase().startsWith("ko") ? "ko" : "en";
document.documentElement.lang = LANG;

const MAX_CHARS = 10000; // merging a piece here is quadratic in its length
const MAX_STEP_BYTES = 256;
const MAX_DRAWN_PIECES = 2000;
const HUES = [210, 35, 150, 330, 265, 95];

// ---- text to ids ----

// A character of each class, one UTF-16 unit each, that every version of Unicode agrees about; what the
// pattern sees does not depend on the browser's version. The order is that of CLASSES in unicode16.py.
const LIKE = ["€", "À", "ǅ", "à", "ʰ", "あ", "\u0301", "²", "\u00a0", "€"];
const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

// The pieces of a text, given as an array of code points.
function split(chars, pattern, classes) {
  // U+017F is the one character beyond ASCII that these patterns name: an "s" when case is ignored.
  const outline = chars.map((c) => (c < "\x80" || c === "ſ" ? c : LIKE[classes[c.codePointAt(0)]])).join("");
  return Array.from(outline.matchAll(pattern), (m) => chars.slice(m.index, m.index + m[0].length).join(""));
}

// Bytes as a string of the characters U+0000 to U+00FF, which a Map can look up.
function byteString(bytes) {
  let string = "";
  for (let i = 0; i < bytes.length; i += 8192) string += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return string;
}

// Merge a piece: the lowest-ranked pair of neighbours, the leftmost first. `watch` sees every moment.
function mergePiece(piece, ranks, watch) {
  const parts = Array.from(piece);
  const rankAt = (i) => ranks.get(parts[i] + parts[i + 1]) ?? Infinity;
  const pairRanks = parts.slice(1).map((_, i) => rankAt(i));
  for (;;) {
    let best = -1;
    for (let i = 0; i < pairRanks.length; i++) {
      if (pairRanks[i] < (best < 0 ? Infinity : pairRanks[best])) best = i;
    }
    if (watch) watch(parts, pairRanks, best);
    if (best < 0) return parts;
    parts.splice(best, 2, parts[best] + parts[best + 1]);
    pairRanks.splice(best, 1);
    if (best > 0) pairRanks[best - 1] = rankAt(best - 1);
    if (best < pairRanks.length) pairRanks[best] = rankAt(best);
  }
}

class Encoding {
  constructor(name, pattern, tokenTable, classes) {
    this.name = name;
    this.pattern = new RegExp(pattern, "gu");
    this.classes = classes;
    this.ranks = new Map();
    this.cache = new Map();
    // Tokens in the order of their bytes, each without what it has in common with the one before (see page.py).
    const n = new DataView(tokenTable.buffer).getUint32(0, true);
    const number = (i, first, last) => {
      let value = 0;
      for (let plane = last; plane >= first; plane--) value = value * 256 + tokenTable[4 + plane * n + i];
      return value;
    };
    let at = 4 + 8 * n;
    let token = "";
    const text = byteString(tokenTable);
    for (let i = 0; i < n; i++) {
      const length = number(i, 2, 3);
      token = token.slice(0, number(i, 0, 1)) + text.slice(at, at + length);
      this.ranks.set(token, number(i, 4, 7));
      at += length;
    }
  }

  tokensOfPiece(piece) {
    let tokens = this.cache.get(piece);
    if (!tokens) {
      const bytes = byteString(utf8.encode(piece));
      tokens = this.ranks.has(bytes) ? [bytes] : mergePiece(bytes, this.ranks);
      if (this.cache.size > 20000) this.cache.clear();
      this.cache.set(piece, tokens);
    }
    return tokens;
  }

  pieces(text) {
    return split(Array.from(text), this.pattern, this.classes);
  }

  encode(text) {
    return this.pieces(text).flatMap((piece) => this.tokensOfPiece(piece).map((token) => this.ranks.get(token)));
  }

  steps(piece) {
    const steps = [];
    const bytes = byteString(utf8.encode(piece));
    if (bytes.length > MAX_STEP_BYTES) return steps;
    mergePiece(bytes, this.ranks, (parts, pairRanks, best) => {
      const candidates = new Map();
      pairRanks.forEach((rank, i) => rank < Infinity && candidates.set(parts[i] + parts[i + 1], rank));
      const nEqual = pairRanks.filter((rank) => rank === pairRanks[best]).length;
      const nPairs = pairRanks.filter((rank) => rank < Infinity).length;
      steps.push({ parts: [...parts], candidates, best, rank: pairRanks[best], nEqual, nPairs });
    });
    return steps;
  }
}

async function inflate(base64) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// ---- what is seen ----

const SHORT = { " ": "␣", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };

// Different tokens look different: bytes that are no character, and what does not print, are escapes.
function visible(token) {
  const bytes = Uint8Array.from(token, (c) => c.charCodeAt(0));
  let shown = "";
  for (let i = 0; i < bytes.length; ) {
    const length = bytes[i] < 0x80 ? 1 : bytes[i] < 0xe0 ? 2 : bytes[i] < 0xf0 ? 3 : 4;
    let char;
    try {
      char = strictUtf8.decode(bytes.subarray(i, i + length));
    } catch {
      shown += `\\x${bytes[i].toString(16).padStart(2, "0")}`;
      i += 1;
      continue;
    }
    if (SHORT[char]) shown += SHORT[char];
    else if (char === "␣" || /[\p{C}\p{Z}]/u.test(char)) shown += `\\u{${char.codePointAt(0).toString(16)}}`;
    else shown += !shown && /\p{M}/u.test(char) ? `◌${char}` : char;
    i += length;
  }
  return shown;
}

const hex = (token) => Array.from(token, (c) => c.charCodeAt(0).toString(16).padStart(2, "0")).join(" ");

// Text enters the page here and as attributes, and never as markup.
function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function svgElement(name, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function why(step) {
  if (step.best < 0) return step.parts.length === 1 ? "One part is left." : "No neighbours make a token: merging ends.";
  if (step.nPairs === 1) return "The only pair that makes a token.";
  const lowest = `The lowest rank of ${step.nPairs}`;
  return step.nEqual === 1 ? `${lowest}.` : `${lowest}, and the leftmost of ${step.nEqual} with it.`;
}

// The merges of the steps so far, bytes at the bottom.
function tree(steps, upTo) {
  const width = 46, height = 44;
  let nodes = Array.from(steps[0].parts, (token, x) => ({ token, x, level: 0, children: [] }));
  for (let number = 0; number < upTo; number++) {
    const { best, rank } = steps[number];
    const children = nodes.slice(best, best + 2);
    const [left, right] = children;
    const level = 1 + Math.max(left.level, right.level);
    const made = { token: left.token + right.token, x: (left.x + right.x) / 2, level, rank, children, isNew: number === upTo - 1 };
    nodes.splice(best, 2, made);
  }
  const total = height * (Math.max(...nodes.map((node) => node.level)) + 1);
  const svg = svgElement("svg", { width: width * steps[0].parts.length, height: total, role: "img", "aria-label": "Merge tree" });
  const draw = (node) => {
    const x = (node.x + 0.5) * width, y = total - node.level * height - 22;
    for (const child of node.children) {
      svg.append(svgElement("path", { d: `M${x} ${y + 16}L${(child.x + 0.5) * width} ${total - child.level * height - 34}` }));
      draw(child);
    }
    svg.append(svgElement("text", { x, y, "font-size": 13, class: node.isNew ? "new" : "" }, visible(node.token)));
    if (node.rank !== undefined) svg.append(svgElement("text", { x, y: y + 13, class: "rank" }, node.rank));
  };
  nodes.forEach(draw);
  return svg;
}

// One encoding's side of the page.
class Panel {
  constructor(encodings, state, onChange) {
    this.encodings = encodings;
    this.state = state; // { encoding, piece, step }
    this.onChange = onChange;
    this.root = document.getElementById("panel").content.firstElementChild.cloneNode(true);
    const select = this.find(".encoding");
    for (const name of encodings.keys()) select.append(new Option(name, name));
    select.value = state.encoding;
    select.onchange = () => this.change({ encoding: select.value, piece: 0, step: -1 });
    this.find(".back").onclick = () => this.moveStep(-1);
    this.find(".forward").onclick = () => this.moveStep(1);
    this.find(".range").oninput = (event) => this.change({ step: Number(event.target.value) });
    this.find(".strip").onkeydown = (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      const last = Math.min(this.pieces.length, MAX_DRAWN_PIECES) - 1;
      this.change({ piece: Math.max(0, Math.min(last, this.state.piece + by)), step: -1 });
      this.find(`[aria-pressed="true"]`).focus();
    };
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  change(state) {
    Object.assign(this.state, state);
    this.draw(this.text);
    this.onChange();
  }

  moveStep(by) {
    this.change({ step: Math.max(0, Math.min(this.steps.length - 1, this.shownStep + by)) });
  }

  draw(text) {
    const encoding = this.encodings.get(this.state.encoding);
    if (text !== this.text || encoding !== this.encoding) {
      this.text = text;
      this.encoding = encoding;
      this.pieces = encoding.pieces(text);
      this.drawTokens();
    }
    this.state.piece = Math.max(0, Math.min(this.pieces.length - 1, this.state.piece));
    this.find(".strip").querySelectorAll("button").forEach((button, i) => {
      button.setAttribute("aria-pressed", i === this.state.piece);
      button.tabIndex = i === this.state.piece ? 0 : -1;
    });
    this.find(".piece").hidden = !this.pieces.length;
    if (this.pieces.length) this.drawPiece(this.pieces[this.state.piece]);
  }

  drawTokens() {
    const { encoding, text } = this;
    const ids = encoding.encode(text);
    const nBytes = utf8.encode(text).length;
    const each = ids.length ? `, ${(nBytes / ids.length).toFixed(2)} bytes a token` : "";
    this.find(".counts").textContent = `${ids.length} tokens, ${Array.from(text).length} characters, ${nBytes} bytes${each}`;
    this.find(".ids code").textContent = ids.join(" ");
    let number = 0;
    const buttons = this.pieces.slice(0, MAX_DRAWN_PIECES).map((piece, i) => {
      const button = element("button");
      button.type = "button";
      button.onclick = () => this.change({ piece: i, step: -1 });
      for (const token of encoding.tokensOfPiece(piece)) {
        const span = element("span", "token", visible(token));
        span.style.setProperty("--hue", HUES[number++ % HUES.length]);
        span.title = `id ${encoding.ranks.get(token)}, bytes ${hex(token)}`;
        button.append(span);
      }
      return button;
    });
    const nMore = this.pieces.length - buttons.length;
    this.find(".strip").replaceChildren(...buttons, ...(nMore ? [`… and ${nMore} more pieces`] : []));
  }

  drawPiece(piece) {
    const { encoding } = this;
    const tokens = encoding.tokensOfPiece(piece);
    const steps = (this.steps = encoding.steps(piece));
    const ids = tokens.map((token) => encoding.ranks.get(token));
    this.find("h2").textContent = `${visible(byteString(utf8.encode(piece)))} → ${ids.join(" ")}`;
    const isWhole = encoding.ranks.has(byteString(utf8.encode(piece)));
    const sameEnd = steps.length && steps[steps.length - 1].parts.length === tokens.length;
    this.find(".note").textContent = !steps.length
      ? `The steps of a piece of more than ${MAX_STEP_BYTES} bytes are not shown.`
      : isWhole && !sameEnd
        ? "The piece is a token and is taken whole: its merges would end in other tokens."
        : isWhole && steps.length > 1
          ? "The piece is a token and is taken whole; merging gives the same."
          : "";
    for (const selector of [".stepper", ".parts", ".why", ".candidates", ".tree"]) {
      this.find(selector).hidden = !steps.length;
    }
    if (steps.length) this.drawStep(steps);
    this.find("tbody").replaceChildren(
      ...tokens.map((token, i) => {
        const row = element("tr");
        row.append(element("td", "", visible(token)), element("td", "", ids[i]), element("td", "", hex(token)));
        return row;
      }),
    );
  }

  drawStep(steps) {
    const last = steps.length - 1;
    // -1 asks for the end, however many steps there are.
    const shown = (this.shownStep = this.state.step < 0 ? last : Math.min(last, this.state.step));
    const step = steps[shown];
    const range = this.find(".range");
    range.max = last;
    range.value = shown;
    range.disabled = !last;
    this.find(".back").disabled = shown === 0;
    this.find(".forward").disabled = shown === last;
    this.find(".count").textContent = `${shown} of ${last}`;
    this.find(".parts").replaceChildren(
      ...step.parts.map((token, i) => {
        const side = step.best < 0 ? "" : i === step.best ? " chosen left" : i === step.best + 1 ? " chosen right" : "";
        return element("span", `part${side}`, visible(token));
      }),
    );
    this.find(".why").textContent = why(step);
    const ordered = [...step.candidates].sort((one, other) => one[1] - other[1]);
    this.find(".candidates").replaceChildren(
      ...ordered.map(([token, rank], i) => element("li", i ? "" : "chosen", `${visible(token)} ${rank}`)),
    );
    this.find(".tree").replaceChildren(tree(steps, shown));
  }
}

// ---- the page ----

async function start() {
  const data = JSON.parse(document.getElementById("data").textContent);
  const classes = await inflate(data.classes);
  const encodings = new Map();
  for (const { name, pattern, table } of data.encodings) {
    encodings.set(name, new Encoding(name, pattern, await inflate(table), classes));
  }
  const names = [...encodings.keys()];
  const input = document.getElementById("text");
  let panels = [];

  const remember = () => {
    const state = new URLSearchParams({ text: input.value });
    for (const panel of panels) {
      const { encoding, piece, step } = panel.state;
      state.append("panel", `${encoding} ${piece} ${step}`);
    }
    history.replaceState(null, "", `#${state}`);
  };
  const draw = () => {
    const whole = Array.from(input.value.toWellFormed());
    const text = whole.slice(0, MAX_CHARS).join("");
    document.getElementById("limit").textContent =
      whole.length > MAX_CHARS ? `Only the first ${MAX_CHARS} of ${whole.length} characters are encoded here.` : "";
    for (const panel of panels) panel.draw(text);
  };
  const restore = () => {
    const state = new URLSearchParams(location.hash.slice(1));
    input.value = state.get("text") ?? data.text;
    const kept = state.getAll("panel").map((panel) => panel.split(" "));
    panels = names.slice(0, 2).map((name, i) => {
      const [encoding, piece, step] = kept[i] ?? [name, 0, -1];
      const known = encodings.has(encoding) ? encoding : name;
      return new Panel(encodings, { encoding: known, piece: Number(piece) || 0, step: Number(step) }, remember);
    });
    document.getElementById("panels").replaceChildren(...panels.map((panel) => panel.root));
    draw();
  };
  input.oninput = () => {
    draw();
    remember();
  };
  addEventListener("hashchange", restore);
  restore();
  globalThis.bpelab = { encodings };
  document.documentElement.dataset.ready = "";
}

start().catch((error) => {
  document.getElementById("limit").textContent = `This browser cannot show the page (${error.message}). A version of 2024 or later can.`;
});
