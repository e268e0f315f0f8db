// ---- How is a token shown, a character that several tokens share, and a tree of merges? ----

const HUES = [210, 35, 150, 330, 265, 95];
const SHORT = { " ": "␣", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };
const LEVEL_HEIGHT = 44;
const LEAF_WIDTHS = { narrowest: 36, widest: 46 };
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

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

// Tokens in groups that begin and end with whole characters: most of one token, those of a split character of more.
function byCharacter(tokens) {
  const groups = [];
  tokens.forEach((token, i) => {
    const continues = (token.charCodeAt(0) & 0xc0) === 0x80;
    if (continues && groups.length) groups[groups.length - 1].push(i);
    else groups.push([i]);
  });
  return groups;
}

// Draw each token, and a bracket under each character that several of them share.
function drawGrouped(tokens, draw) {
  return byCharacter(tokens).map((group) => {
    const drawn = group.map((i) => draw(tokens[i], i));
    if (group.length === 1) return drawn[0];
    const whole = element("span", "shared");
    whole.append(element("span", "char", visible(group.map((i) => tokens[i]).join(""))));
    const below = element("span", "below");
    below.append(...drawn);
    whole.append(below);
    return whole;
  });
}

function why(step) {
  if (step.best < 0) return say(step.parts.length === 1 ? "onePart" : "noPair");
  if (step.nPairs === 1) return say("onlyPair");
  return say(step.nEqual === 1 ? "lowest" : "leftmost", { n: step.nPairs, nEqual: step.nEqual });
}

// The symbols after some merges, each with those that it was merged from.
function mergeTree(steps, upTo) {
  const nodes = Array.from(steps[0].parts, (token, x) => ({ token, x, level: 0, children: [] }));
  for (let number = 0; number < upTo; number++) {
    const { best, rank } = steps[number];
    const children = nodes.slice(best, best + 2);
    const [left, right] = children;
    const level = 1 + Math.max(left.level, right.level);
    const isNew = number === upTo - 1;
    nodes.splice(best, 2, { token: left.token + right.token, x: (left.x + right.x) / 2, level, rank, children, isNew });
  }
  return nodes;
}

function drawTree(steps, upTo, room) {
  const bytes = steps[0].parts;
  const { narrowest, widest } = LEAF_WIDTHS;
  const width = Math.max(narrowest, Math.min(widest, Math.floor(room / bytes.length)));
  const nodes = mergeTree(steps, upTo);
  const levels = Math.max(...nodes.map((node) => node.level)) + 1;
  const characters = byCharacter(bytes).filter((group) => group.length > 1);
  const below = characters.length ? 30 : 0;
  const bottom = LEVEL_HEIGHT * levels;
  const svg = svgElement("svg", { width: width * bytes.length, height: bottom + below, role: "img", "aria-label": say("tree") });
  const draw = (node) => {
    const x = (node.x + 0.5) * width, y = bottom - node.level * LEVEL_HEIGHT - 22;
    for (const child of node.children) {
      svg.append(svgElement("path", { d: `M${x} ${y + 16}L${(child.x + 0.5) * width} ${bottom - child.level * LEVEL_HEIGHT - 34}` }));
      draw(child);
    }
    svg.append(svgElement("text", { x, y, "font-size": 13, class: node.isNew ? "new" : "" }, visible(node.token)));
    if (node.rank !== undefined) svg.append(svgElement("text", { x, y: y + 13, class: "rank" }, node.rank));
  };
  nodes.forEach(draw);
  for (const group of characters) {
    const left = group[0] * width + 5, right = (group[group.length - 1] + 1) * width - 5, y = bottom - 14;
    svg.append(svgElement("path", { class: "bracket", d: `M${left} ${y}v6H${right}v-6` }));
    const char = visible(group.map((i) => bytes[i]).join(""));
    svg.append(svgElement("text", { x: (left + right) / 2, y: y + 26, "font-size": 16, class: "char" }, char));
  }
  return svg;
}
