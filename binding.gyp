{
  # -Dsanitize=1 builds the ASan/UBSan variant (native/build-sanitized.sh). The name "asan" is taken:
  # node's own common.gypi sets a variable of that name and silently wins.
  'variables': { 'sanitize%': 0 },
  'targets': [{
    'target_name': 'peccary',
    'sources': [
      'native/module.cc',
      'native/registry.cc',
      'native/env.cc',
      'native/hyperscan.cc',
      'native/hyperscan-compile.cc',
      'native/pcre.cc',
      'native/decompress.cc',
      'native/pcap.cc',
      'native/bpf.cc',
      'native/datagram.cc',
      'native/privileges.cc',
      'native/inject.cc',
      'native/magic.cc',
      'native/nfqueue.cc',
    ],
    'defines': ['NAPI_VERSION=8', 'PCRE2_CODE_UNIT_WIDTH=8'],
    'cflags': ['-Wall', '-Wextra', '-Werror', '-fvisibility=hidden',
               '<!@(pkg-config --cflags libhs libpcap libpcre2-8 libmnl libzstd liblzma zlib libbrotlidec)'],
    'cflags_cc': ['-std=gnu++17', '-fno-exceptions'],
    # zlib and brotli are linked statically and hidden: otherwise their symbols resolve to node's own copies.
    'libraries': ['<!@(pkg-config --libs libhs libpcap libpcre2-8 libmnl libzstd liblzma)',
                  '-l:libz.a', '-l:libbrotlidec.a', '-l:libbrotlicommon.a', '-ldl'],
    'ldflags': ['-Wl,--exclude-libs,ALL', '-Wl,-Bsymbolic', '-Wl,-z,relro,-z,now'],
    'configurations': { 'Release': { 'cflags!': ['-O3'], 'cflags': ['-O2'] } },
    'conditions': [['sanitize==1', {
      'cflags': ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined', '-fno-omit-frame-pointer', '-g'],
      'ldflags': ['-fsanitize=address,undefined'],
    }]],
  }],
}
