/** The tree of a message as React nodes. Links say the domain that they open. */
import { memo } from "react";

import { t } from "../i18n";
import { parseMarkdown } from "./markdown";
import type { Block, Inline, Names } from "./markdown";

function DomainLink({ href, domain, text }: { href: string; domain: string; text: string }) {
  const shown = text === href || href.replace(/\/$/, "") === text || href === `mailto:${text}`;
  // A bare address whose letters are not those of the real host is spelled out too.
  const honest = shown || text.toLowerCase().startsWith(`https://${domain}`) || text.toLowerCase().startsWith(`http://${domain}`) || text.toLowerCase() === domain;
  return (
    <>
      <a href={href} target="_blank" rel="noopener noreferrer">{text}<span className="sr"> {t("link.newWindow")}</span></a>
      {!honest && <span className="domain"> ({domain})</span>}
    </>
  );
}

function Inlines({ of, me }: { of: readonly Inline[]; me: string }) {
  return of.map((part, i) => {
    switch (part.type) {
      case "text": return part.text;
      case "break": return <br key={i} />;
      case "bold": return <b key={i}><Inlines of={part.of} me={me} /></b>;
      case "italic": return <em key={i}><Inlines of={part.of} me={me} /></em>;
      case "strike": return <s key={i}><Inlines of={part.of} me={me} /></s>;
      case "code": return <code key={i} className="mono">{part.text}</code>;
      case "mention": return <span key={i} className={part.account === me ? "at you" : "at"}>{part.text}</span>;
      case "link": return <DomainLink key={i} href={part.href} domain={part.domain} text={part.text} />;
    }
  });
}

function Blocks({ of, me }: { of: readonly Block[]; me: string }) {
  return of.map((block, i) => {
    switch (block.type) {
      case "paragraph": return <p key={i}><Inlines of={block.of} me={me} /></p>;
      case "quote": return <blockquote key={i}><Blocks of={block.of} me={me} /></blockquote>;
      case "code": return <pre key={i} className="mono" tabIndex={0}><code>{block.text}</code></pre>;
      case "list": {
        const items = block.items.map((item, j) => <li key={j}><Inlines of={item} me={me} /></li>);
        return block.ordered ? <ol key={i} start={block.start}>{items}</ol> : <ul key={i}>{items}</ul>;
      }
    }
  });
}

export const Markdown = memo(function Markdown({ text, names, me }: { text: string; names: Names; me: string }) {
  return <div className="md"><Blocks of={parseMarkdown(text, names)} me={me} /></div>;
});
