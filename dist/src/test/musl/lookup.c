/* Resolves its arguments as any program does, and prints a line for each: its addresses, or what went wrong. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    struct addrinfo hints, *found, *a;
    char text[INET6_ADDRSTRLEN];
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    int error = getaddrinfo(argv[i], 0, &hints, &found);
    printf("%s", argv[i]);
    if (error) {
      printf(" %s", error == EAI_NONAME ? "unknown" : gai_strerror(error));
    } else {
      for (a = found; a; a = a->ai_next)
        printf(" %s", inet_ntop(a->ai_family, a->ai_family == AF_INET ? (void *)&((struct sockaddr_in *)a->ai_addr)->sin_addr
                                                                      : (void *)&((struct sockaddr_in6 *)a->ai_addr)->sin6_addr, text, sizeof text));
      freeaddrinfo(found);
    }
    putchar('\n');
  }
  return 0;
}
