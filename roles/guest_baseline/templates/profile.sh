# Files of administrators are not for everybody, and a session that nobody uses ends.
umask 027
TMOUT=1800
export TMOUT
