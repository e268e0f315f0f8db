// ---- What does the same text cost in other languages and encodings? ----

const FEW_LANGUAGES = ["en", "es", "de", "vi", "ru", "ar", "ko", "ja", "zh-Hans", "hi", "th", "my"];

class Comparison {
  constructor(root, article1, encodings, onChoice) {
    const counted = new Map([...encodings].map(([name, encoding]) => [name, (text) => encoding.encode(text).length]));
    const recorded = Object.keys(article1[0].n_tokens).filter((name) => !encodings.has(name));
    const named = new Intl.DisplayNames([LANG], { type: "language" });
    const columns = [...encodings.keys(), ...recorded].map((name) => ({
      name,
      counts: article1.map(({ text, n_tokens }) => counted.get(name)?.(text) ?? n_tokens[name]),
    }));
    const total = ({ counts }) => counts.reduce((sum, count) => sum + count, 0);
    columns.sort((one, other) => total(other) - total(one));
    this.names = columns.map(({ name }) => name);
    this.rows = article1.map(({ language, text }, i) => {
      return { language, label: named.of(language), text, counts: columns.map(({ counts }) => counts[i]) };
    });
    Object.assign(this, { root, onChoice, isFull: false });
    this.english = this.rows.find((row) => row.language === "en").counts;
    this.rows.sort((one, other) => one.counts[0] - other.counts[0]);
    root.querySelector(".help").textContent = say("compareHelp", { n: this.rows.length });
    root.querySelector(".all").onclick = () => {
      this.isFull = !this.isFull;
      this.draw();
    };
    root.querySelector(".legend").append(
      ...this.names.map((name, i) => {
        const entry = element("li", "", recorded.includes(name) ? `${name} (${say("recorded")})` : name);
        entry.style.setProperty("--hue", HUES[i % HUES.length]);
        return entry;
      }),
    );
    this.draw();
  }

  draw() {
    const shown = this.rows.filter((row) => this.isFull || FEW_LANGUAGES.includes(row.language));
    const most = Math.max(...shown.flatMap((row) => row.counts));
    this.root.querySelector(".bars").replaceChildren(...shown.map((row) => this.drawRow(row, most)));
    this.root.querySelector(".all").textContent = say(this.isFull ? "fewLanguages" : "allLanguages", { n: this.rows.length });
  }

  drawRow({ language, label, text, counts }, most) {
    const row = element("li", language === LANG ? "own" : "");
    const button = element("button", "", label);
    button.type = "button";
    button.title = text;
    button.onclick = () => this.onChoice(text);
    const bars = counts.map((count, i) => {
      const bar = element("span", "bar");
      bar.title = this.names[i];
      const line = element("span", "line");
      line.style.width = `${(100 * count) / most}%`;
      line.style.setProperty("--hue", HUES[i % HUES.length]);
      const times = say("timesEnglish", { n: (count / this.english[i]).toFixed(1) });
      bar.append(line, element("span", "value", language === "en" ? count : `${count} · ${times}`));
      bar.querySelector(".value").prepend(element("span", "spoken", `${this.names[i]}: `));
      return bar;
    });
    const stack = element("span", "stack");
    stack.append(...bars);
    row.append(button, stack);
    return row;
  }
}
