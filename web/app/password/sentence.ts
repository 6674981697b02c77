/** A password made from a sentence that one can remember. Runs on the device; nothing of it is kept or sent. */

/** Takes `letters` first letters of each word, whole numbers and the punctuation, in order and case as written. */
function take(sentence: string, letters: number): string {
  const parts = sentence.normalize("NFC").match(/\p{N}+|[\p{L}\p{M}]+|[^\p{L}\p{M}\p{N}\s]/gu) ?? [];
  return parts.map((part) => (/^\p{L}/u.test(part) ? [...part].slice(0, letters).join("") : part)).join("");
}

/** The shortest form that reaches `bits` by `count`; the longest one when none does. */
export function fromSentence(sentence: string, bits: number, count: (password: string) => number): string {
  let made = "";
  for (const letters of [1, 2, 3]) {
    made = take(sentence, letters);
    if (count(made) >= bits) return made;
  }
  return made;
}
