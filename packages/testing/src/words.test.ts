import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, trackedFiles } from './trackedFiles.ts';

/** AGENTS.md has the words to use instead. Whole words in any case, also as parts of a name: `isDead`, `a-no.patch`. */
const forbidden = [
  'a no',
  'trouble',
  'dead',
  'who has left',
  'mine',
  'told',
  'said',
  'repeat',
  'repeats',
  'repeated',
  'repeatable',
  'a text',
  'no text',
  'texts',
].map(phrase => phrase.split(' '));

/** Other uses, recognised by what stands around them, from one character before. */
const allowed = [
  /^\.repeat\(/, // of strings
  /^\sa\s+no-op\b/i,
  /^.?a\s+text(?:\/| node\b| field\b)/is, // text/plain, and what a page consists of
];

/** What a person reads on the page is a text. */
const isOfPage = (path: string, found: string) => path.startsWith('examples/react/') && found.endsWith(': texts');

/** This file has the list. */
const isRead = (path: string) => /\.(?:tsx?|md|patch)$/.test(path) && path !== 'packages/testing/src/words.test.ts';

/** Words, and those that a camelCase or kebab-case name is made of, with the offsets where they begin and end. */
const wordsOf = (source: string) =>
  [...source.matchAll(/\p{Lu}?\p{Ll}+|\p{Lu}+(?!\p{Ll})|\d+/gu)].map(({ 0: word, index }) => ({
    word: word.toLowerCase(),
    start: index,
    end: index + word.length,
  }));

/** Between two words of a phrase: nothing in a name, spaces and quotes in prose, and what begins the next line of a comment. */
const gap = /^["'`“”‘’*_-]*(?:\s*\n[\s*#>+/-]*|\s+)?["'`“”‘’*_]*$/;

/** The forbidden words in this source, as `line: word`. */
function findForbidden(source: string): readonly string[] {
  const words = wordsOf(source);
  return words.flatMap(({ start }, first) => {
    const isAt = (phrase: readonly string[]) =>
      phrase.every((part, index) => {
        const [before, here] = [words[first + index - 1], words[first + index]];
        return here?.word === part && (index === 0 || gap.test(source.slice(before?.end, here.start)));
      });
    const found = forbidden.filter(isAt);
    if (found.length === 0) return [];
    const surroundings = source.slice(Math.max(0, start - 1), start + 40);
    if (allowed.some(pattern => pattern.test(surroundings))) return [];
    return found.map(phrase => `${source.slice(0, start).split('\n').length}: ${phrase.join(' ')}`);
  });
}

test('the repository has none of the words that are not those of the house', async () => {
  const paths = (await trackedFiles()).filter(isRead);
  expect(paths.length).toBeGreaterThan(200);
  const found = await Promise.all(
    paths.map(async path => {
      const source = await readFile(join(root, path), 'utf8');
      const inName = findForbidden(path).map(at => at.replace('1:', 'its name:'));
      return [...inName, ...findForbidden(source)].filter(at => !isOfPage(path, at)).map(at => `${path}:${at}`);
    }),
  );
  expect(found.flat()).toEqual([]);
});

test.each([
  ['a sentence', 'The token is dead.', ['1: dead']],
  ['capital letters', '// DEAD_TOKEN, Dead', ['1: dead', '1: dead']],
  ['a name in camelCase', 'const isDead = whatWasSaid;', ['1: dead', '1: said']],
  ['a name that begins with an acronym', 'HTTPDead()', ['1: dead']],
  ['a longer name', 'throw notRepeatable; mayRepeat();', ['1: repeatable', '1: repeat']],
  ['the name of a file', 'faults/a-no-is-believed.patch', ['1: a no']],
  ['a phrase with quotes', 'ends by a "no" alone', ['1: a no']],
  ['a phrase over two lines', '/**\n * counts as a\n * no, who has\n * left\n */', ['2: a no', '3: who has left']],
  ['a phrase over two lines of a patch', '+// is a\n+// text', ['1: a text']],
  ['a name that is a phrase', 'const noText = aText;', ['1: no text', '1: a text']],
])('a word is found in %s', (_, source, found) => {
  expect(findForbidden(source)).toEqual(found);
});

test.each([
  ['String.prototype.repeat', "'x'.repeat(3)"],
  ['a longer word', 'deadline, deadlock, mined, untold, aforesaid, repeater, context'],
  ['an API with text in its name', "await response.text(); 'text/plain'; const text = 'a';"],
  ['a content type in prose', 'a text/plain body, a text node, a text field'],
  ['a no-op', 'it is a no-op'],
  ['words that a sign keeps apart', "['a', 'no']; a: no; a | no; (a) no"],
])('no word is found in %s', (_, source) => {
  expect(findForbidden(source)).toEqual([]);
});
