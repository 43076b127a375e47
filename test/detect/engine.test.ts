import assert from 'node:assert/strict';
import { TcpFlag } from '../../src/protocol/tcp.js';
import { frame, icmpv4, ip, udpFrame } from '../tools/build.js';
import { Run, sidsOf } from './engine-harness.js';
import { get, http, ok, post, tcpTo, udpTo } from './frames.js';

const any = 'any any -> any any';

describe('Packet rules (Suricata manual, "Rule Types and Categorization")', () => {
  it('IP-only rules alert once a flow and direction', () => {
    const frames = [...http([get('/'), ok('x')]), udpTo('a', 5000), udpTo('b', 5000), udpTo('c', 5001)];
    assert.deepEqual(new Run(`alert ip ${any} (sid:1;)`).replay(frames).counts(), { 1: 4 });
  });

  it('rules with flow:established alert on each packet of an established session', () => {
    const frames = http([get('/'), ok('x')], { close: 'none' });
    const run = new Run(`alert tcp ${any} (flow:established; sid:1;)\nalert tcp ${any} (flow:not_established; sid:2;)`);
    // The packet that completes the handshake still belongs to it.
    assert.deepEqual(run.replay(frames).counts(), { 1: frames.length - 3, 2: 3 });
  });

  it('ports and addresses are those of the packet, both ways with <>', () => {
    const rules = [
      'alert udp 192.168.1.10 any -> any 9999 (sid:1;)',
      'alert udp any any -> 192.168.1.10 any (sid:2;)',
      'alert udp any any -> any !9999 (sid:3;)',
      'alert udp 10.0.0.80 any <> any any (content:"a"; sid:4;)',
    ];
    const back = {
      tsUs: udpTo('').tsUs,
      bytes: udpFrame({ src: '10.0.0.80', dst: '192.168.1.10', srcPort: 9999, dstPort: 2000 }, 'a'),
    };
    assert.deepEqual(new Run(rules.join('\n')).replay([udpTo('a'), back]).counts(), { 1: 1, 2: 1, 3: 1, 4: 2 });
  });

  it('header keywords see the packet', () => {
    const rules = [
      `alert tcp ${any} (flags:S; sid:1;)`,
      `alert tcp ${any} (flags:SA; sid:2;)`,
      `alert tcp ${any} (flags:S+; sid:3;)`,
      `alert tcp ${any} (ttl:64; sid:4;)`,
      `alert tcp ${any} (dsize:3; sid:5;)`,
      `alert tcp ${any} (tcp.hdr; content:"|9c 40|"; startswith; sid:6;)`,
    ];
    const run = (flags: number, payload = '') => sidsOf(rules.join('\n'), [tcpTo(flags, {}, payload)]).sort();
    assert.deepEqual(run(TcpFlag.Syn), [1, 3, 4, 6]);
    assert.deepEqual(run(TcpFlag.Syn | TcpFlag.Ack, 'abc'), [2, 3, 4, 5, 6]);
  });

  it('an ICMP error has a size and content also when what it quotes is no packet', () => {
    const rest = Buffer.from(`\0\0\0\0${'quoted '.repeat(12)}`, 'latin1');
    const bytes = frame(ip('10.0.0.80', '192.168.1.10', 1, icmpv4(3, 3, rest)));
    const rules = `alert icmp ${any} (itype:3; dsize:84; content:"quoted"; sid:1;)\nalert icmp ${any} (dsize:<84; sid:2;)`;
    assert.deepEqual(sidsOf(rules, [{ tsUs: 1e15, bytes }]), [1]);
  });

  it('decoder events need no port and no flow', () => {
    const frame = udpTo('abc');
    assert.deepEqual(
      sidsOf(`alert pkthdr ${any} (decode-event:ipv4.trunc_pkt; sid:1;)`, [
        { ...frame, bytes: frame.bytes.subarray(0, 36) },
      ]),
      [1],
    );
    assert.deepEqual(sidsOf(`alert pkthdr ${any} (decode-event:ipv4.trunc_pkt; sid:1;)`, [frame]), []);
  });
});

describe('Stream rules (Suricata manual, "Stream-engine")', () => {
  it('see content across segments, and packets that are no part of a stream by themselves', () => {
    const rules = `alert tcp ${any} (content:"split here"; sid:1;)`;
    assert.deepEqual(sidsOf(rules, http([get('/split'), ok('is split here')], { mss: 5 })), [1]);
    assert.deepEqual(sidsOf(rules, [tcpTo(TcpFlag.Syn, {}, 'split here')]), [1]);
  });

  it('a packet rule sees one segment', () => {
    assert.deepEqual(sidsOf(`alert tcp-pkt ${any} (content:"split"; sid:1;)`, http([get('/split')], { mss: 7 })), []);
    assert.deepEqual(sidsOf(`alert tcp-pkt ${any} (content:"split"; sid:1;)`, http([get('/split')])), [1]);
  });

  it('alert once for what lies in two chunks that share bytes', () => {
    const frames = http([get('/'), ok(`needle${'.'.repeat(6000)}`)]);
    assert.deepEqual(sidsOf(`alert tcp ${any} (content:"needle"; sid:1;)`, frames), [1]);
  });

  it('look at a protocol only where the flow speaks it', () => {
    const rules = `alert http ${any} (content:"hello"; sid:1;)\nalert tcp ${any} (content:"hello"; sid:2;)`;
    assert.deepEqual(sidsOf(rules, http(['hello there, no protocol at all\r\n', 'yes\r\n'])), [2]);
    assert.deepEqual(sidsOf(rules, http([get('/hello'), ok('')])).sort(), [1, 2]);
  });
});

describe('Transaction rules (Suricata manual, "HTTP Keywords")', () => {
  it('alert once a transaction, when the last buffer has matched', () => {
    const rules = [
      `alert http ${any} (http.uri; content:"/a"; sid:1;)`,
      `alert http ${any} (http.uri; content:"/a"; http.request_body; content:"secret"; sid:2;)`,
      `alert http ${any} (http.method; content:"POST"; http.header; content:"shop.example"; http.uri; content:"/a"; sid:3;)`,
      `alert http ${any} (http.stat_code; content:"200"; file.data; content:"found"; sid:4;)`,
    ];
    const frames = http([post('/a', 'a secret'), ok('found'), get('/a'), ok('nothing'), get('/b'), ok('found')], {
      mss: 11,
    });
    const run = new Run(rules.join('\n')).replay(frames);
    assert.deepEqual(run.counts(), { 1: 2, 2: 1, 3: 1, 4: 2 });
    assert.deepEqual(
      run.seen.filter((s) => s.sid === 4).map((s) => s.tx),
      [0, 2],
    );
  });

  it('a negated content needs the buffer to be there', () => {
    const rule = `alert http ${any} (http.referer; content:!"good"; sid:1;)`;
    assert.deepEqual(sidsOf(rule, http([get('/'), ok('')])), []);
    assert.deepEqual(sidsOf(rule, http([get('/', 'Referer: bad\r\n'), ok('')])), [1]);
    assert.deepEqual(sidsOf(rule, http([get('/', 'Referer: good\r\n'), ok('')])), []);
  });

  it('bsize and urilen look at the whole buffer', () => {
    const rules = `alert http ${any} (http.uri; bsize:4; sid:1;)\nalert http ${any} (urilen:>4; sid:2;)\nalert http ${any} (http.request_body; bsize:6; sid:3;)`;
    assert.deepEqual(sidsOf(rules, http([post('/abc', '123456'), ok('')], { mss: 3 })).sort(), [1, 3]);
    assert.deepEqual(sidsOf(rules, http([post('/abcde', '12345'), ok('')])), [2]);
  });

  it('the same buffer named twice goes on with the first', () => {
    const rule = `alert http ${any} (http.uri; content:"/a"; http.method; content:"GET"; http.uri; content:"b"; distance:1; within:1; sid:1;)`;
    assert.deepEqual(sidsOf(rule, http([get('/axb'), ok('')])), [1]);
    assert.deepEqual(sidsOf(rule, http([get('/ab/xb'), ok('')])), []);
  });

  it('header lines are looked at one by one', () => {
    const rule = `alert http ${any} (http.request_header; content:"X-A: "; startswith; content:"one"; endswith; sid:1;)`;
    assert.deepEqual(sidsOf(rule, http([get('/', 'X-A: one\r\nX-B: two\r\n'), ok('')])), [1]);
    assert.deepEqual(sidsOf(rule, http([get('/', 'X-A: two\r\nX-B: one\r\n'), ok('')])), []);
  });

  it('events of the parser match in transactions', () => {
    const rule = `alert http ${any} (flow:to_server; app-layer-event:http.missing_host_header; sid:1;)`;
    assert.deepEqual(sidsOf(rule, http(['GET / HTTP/1.1\r\n\r\n', ok('')])), [1]);
    assert.deepEqual(sidsOf(rule, http([get('/'), ok('')])), []);
  });

  it('content of the stream and of a transaction in one rule', () => {
    const rule = (text: string) =>
      `alert http ${any} (flow:to_server; content:"${text}"; http.uri; content:"/a"; sid:1;)`;
    assert.deepEqual(sidsOf(rule('shop.example'), http([get('/a'), ok('')])), [1]);
    assert.deepEqual(sidsOf(rule('elsewhere'), http([get('/a'), ok('')])), []);
  });

  it('the stream of a message in several chunks is looked at together with its transaction', () => {
    const rule = `alert http ${any} (flow:to_server; content:"POST"; http.request_body; content:"needle"; sid:1;)`;
    const body = `${'x'.repeat(8000)}needle`;
    assert.deepEqual(sidsOf(rule, http([post('/a', body), ok('')])), [1]);
    const answer = `alert http ${any} (flow:to_client; content:"HTTP/1.1 200"; http.response_body; content:"needle"; sid:1;)`;
    assert.deepEqual(sidsOf(answer, http([get('/a'), ok(body)])), [1]);
  });

  it('late bytes that belong to a complete message make no rule alert again', () => {
    const rules = `
alert http ${any} (flow:to_server; http.uri; content:"/a"; sid:1;)
alert http ${any} (flow:to_server; http.request_body; content:"late"; sid:2;)`;
    const late = get('/a') + 'neither a request\r\n'.padEnd(100, 'late ');
    assert.deepEqual(sidsOf(rules, http([late, ok('')], { mss: get('/a').length + 5 })), [1, 2]);
  });

  it('what was never acknowledged is inspected at the end of the flow', () => {
    const frames = http([get('/a')], { acks: false, close: 'none' });
    const run = new Run(`alert http ${any} (http.uri; content:"/a"; sid:1;)`).replay(frames);
    assert.deepEqual(
      run.seen.map((s) => [s.sid, s.packet]),
      [[1, 0]],
    );
  });

  it('bodies beyond one window are inspected to their end', () => {
    const body = `${'x'.repeat(50_000)}needle${'y'.repeat(30_000)}`;
    assert.deepEqual(
      sidsOf(`alert http ${any} (file.data; content:"needle"; sid:1;)`, http([get('/'), ok(body)])),
      [1],
    );
  });
});

describe('State between rules', () => {
  it('flowbits: set before test, whatever the order of loading; a bit is of its flow alone', () => {
    const rules = [
      `alert http ${any} (http.uri; content:"/a"; flowbits:isset,seen; sid:1;)`,
      `alert http ${any} (http.uri; content:"/a"; flowbits:set,seen; noalert; sid:2;)`,
      `alert http ${any} (http.uri; content:"/b"; flowbits:isset,seen; sid:3;)`,
      `alert http ${any} (http.uri; content:"/b"; flowbits:isnotset,seen; sid:4;)`,
    ];
    assert.deepEqual(sidsOf(rules.join('\n'), http([get('/a'), ok(''), get('/b'), ok('')])), [1, 3]);
    assert.deepEqual(sidsOf(rules.join('\n'), http([get('/b'), ok('')])), [4]);
  });

  it('what the client said in the raw stream is looked at before what the server answered, also when both are with the close', () => {
    const rules = `alert tcp ${any} (flow:established,to_server; content:"hello"; flowbits:set,seen; sid:1;)\nalert tcp ${any} (flow:established,to_client; content:"world"; flowbits:isset,seen; sid:2;)`;
    for (const close of ['fin', 'rst'] as const)
      assert.deepEqual(sidsOf(rules, http(['hello', 'world'], { close })), [1, 2], close);
  });

  it('flowint counts, and a rule may test what it has become', () => {
    const rules = `alert http ${any} (http.uri; content:"/a"; flowint:times,+,1; noalert; sid:1;)\nalert http ${any} (http.uri; content:"/a"; flowint:times,==,2; sid:2;)`;
    const run = new Run(rules).replay(http([get('/a'), ok(''), get('/a'), ok(''), get('/a'), ok('')]));
    assert.deepEqual(
      run.seen.map((s) => s.tx),
      [1],
    );
  });

  it('xbits belong to an address or a pair, and expire by capture time', () => {
    const rules = `alert udp ${any} (content:"set"; xbits:set,x,track ip_src,expire 10; noalert; sid:1;)\nalert udp ${any} (content:"test"; xbits:isset,x,track ip_src; sid:2;)`;
    assert.deepEqual(sidsOf(rules, [udpTo('set', 1), udpTo('test', 2, 9)]), [2]);
    assert.deepEqual(sidsOf(rules, [udpTo('set', 1), udpTo('test', 2, 11)]), []);
    assert.deepEqual(sidsOf(rules, [udpTo('test', 2, 9)]), []);
  });

  it('data sets that rules fill and test', () => {
    const rules = `alert http ${any} (http.user_agent; dataset:set,agents,type string; sid:1;)`;
    const ask = (agent: string) => [get('/', `User-Agent: ${agent}\r\n`), ok('')];
    assert.equal(sidsOf(rules, http([...ask('a'), ...ask('b'), ...ask('a')])).length, 2);
  });
});

describe('Transforms (Suricata manual, "Transformations")', () => {
  const cases: [transform: string, body: string, content: string][] = [
    ['strip_whitespace', 'a b\tc', 'abc'],
    ['compress_whitespace', 'a  \t b', 'a b'],
    ['to_lowercase', 'ABC', 'abc'],
    ['to_uppercase', 'abc', 'ABC'],
    ['to_md5', 'abc', '|90 01 50 98 3c d2 4f b0 d6 96 3f 7d 28 e1 7f 72|'],
    ['dotprefix', 'example.com', '.example.com'],
    ['url_decode', 'a%20b%2fc+d', 'a b/c d'],
    ['pcrexform:"b(.*)d"', 'abcd', 'c'],
  ];
  for (const [transform, body, content] of cases) {
    it(transform, () => {
      const end = content.startsWith('|') ? '' : ' endswith;';
      const rule = `alert http ${any} (http.request_body; ${transform}; content:"${content}"; startswith;${end} sid:1;)`;
      assert.deepEqual(sidsOf(rule, http([post('/', body), ok('')])), [1]);
    });
  }
});
