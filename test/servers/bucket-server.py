# OpenStack Swift with its S3 interface, all of its servers in this one process, for tests: the code of Debian's package python3-swift
# as it is, in a folder and on a port of the loopback that the test gives. It ends with its standard input.
#
#   bucket-server.py FOLDER PORT ACCESS_KEY_ID SECRET_ACCESS_KEY

import eventlet

eventlet.monkey_patch()

import array
import logging
import os
import sys

from eventlet import listen, wsgi
from swift.account.server import AccountController
from swift.common import utils, wsgi as swift_wsgi
from swift.common.ring import RingData
from swift.common.storage_policy import POLICIES
from swift.container.server import ContainerController
from swift.obj.server import ObjectController

folder, port, access_key, secret_key = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
# Keys of Swift are ACCOUNT:USER.
account, user = access_key.split(':')

utils.SWIFT_CONF_FILE = os.path.join(folder, 'swift.conf')
utils.HASH_PATH_SUFFIX = b'doorbuster'
utils.HASH_PATH_PREFIX = b''
logging.raiseExceptions = False


class Silent:
    def write(self, *_):
        pass

    def flush(self):
        pass


class Memory:
    '''What Swift keeps in memcached: what is known of accounts and containers.'''

    def __init__(self):
        self.kept = {}

    def set(self, key, value, **_):
        self.kept[key] = value

    def get(self, key, **_):
        return self.kept.get(key)

    def delete(self, key, **_):
        self.kept.pop(key, None)

    def incr(self, key, delta=1, **_):
        self.kept[key] = self.kept.get(key, 0) + delta
        return self.kept[key]


def serve(app, at=0):
    socket = listen(('127.0.0.1', at), backlog=500)
    eventlet.spawn(wsgi.server, socket, app, Silent(), log_output=False, debug=False)
    return socket.getsockname()[1]


def write(name, text):
    with open(os.path.join(folder, name), 'w') as file:
        file.write(text)


os.makedirs(os.path.join(folder, 'devices', 'd1'), exist_ok=True)
write('swift.conf', '[swift-hash]\nswift_hash_path_suffix = doorbuster\n[storage-policy:0]\nname = one\ndefault = yes\n')
conf = {'devices': os.path.join(folder, 'devices'), 'mount_check': 'false', 'swift_dir': folder, 'disable_fallocate': 'true'}
for kind, controller in (('account', AccountController), ('container', ContainerController), ('object', ObjectController)):
    device = {'id': 0, 'region': 1, 'zone': 1, 'weight': 1, 'device': 'd1', 'ip': '127.0.0.1', 'port': serve(controller(conf))}
    RingData([array.array('H', [0])], [device], 32).save(os.path.join(folder, kind + '.ring.gz'))
for policy in POLICIES:
    policy.object_ring = None

write(
    'proxy.conf',
    f'''[DEFAULT]
swift_dir = {folder}
[pipeline:main]
pipeline = catch_errors gatekeeper listing_formats s3api tempauth proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
s3_acl = false
[filter:tempauth]
use = egg:swift#tempauth
user_{account}_{user} = {secret_key} .admin
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:listing_formats]
use = egg:swift#listing_formats
''',
)
app = swift_wsgi.loadapp(os.path.join(folder, 'proxy.conf'), global_conf={'log_level': 'ERROR'})
memory = Memory()


def with_memory(environment, start_response):
    environment['swift.cache'] = memory
    return app(environment, start_response)


serve(with_memory, port)
print('ready', flush=True)
eventlet.tpool.execute(sys.stdin.read)
