// As clock.c, by System.nanoTime.
class Clock {
  static long sum;

  static void batch(int count) {
    for (int i = 0; i < count; ++i) sum += System.nanoTime();
  }

  public static void main(String[] args) {
    long[] took = new long[50];
    for (int i = 0; i < took.length; ++i) {
      long start = System.nanoTime();
      batch(Integer.parseInt(args[0]) / took.length);
      took[i] = System.nanoTime() - start;
    }
    java.util.Arrays.sort(took);
    System.out.println(took[25] * took.length);
  }
}
